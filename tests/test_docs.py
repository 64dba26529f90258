"""The pages of docs/ that say what code does: the reference, and the node that docs/nodes.md writes and tests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.parts.run_cli import cli

ROOT = Path(__file__).parents[1]
NODES = (ROOT / "docs" / "nodes.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", NODES, flags=re.DOTALL)


def test_the_node_of_the_page_is_tested_and_replayed_as_the_page_says() -> None:
    node, test, replay = blocks("python")
    names: dict[str, Any] = {"RECORDING": ROOT / "tests" / "recordings" / "gail.mcap"}
    for block in (node, test, replay):
        exec(block, names)
    assert all(message.values["beaten"] >= 1 for message in names["said"])


def test_its_launch_file_is_one(tmp_path: Path) -> None:
    (tmp_path / "beaten.py").write_text(blocks("python")[0])
    (tmp_path / "mine.yaml").write_text(blocks("yaml")[0])
    done = cli("launch", "mine.yaml", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0 and "beaten.py:Beaten" in done.stdout, done.stderr


def test_the_reference_is_what_the_code_says() -> None:
    made = subprocess.run([sys.executable, "-c", "import make_reference; print(make_reference.page(), end='')"],
                          cwd=ROOT / "docs", capture_output=True, text=True, check=True)  # fmt: skip
    assert made.stdout == (ROOT / "docs" / "reference.md").read_text(), "run python docs/make_reference.py"


def test_every_link_of_every_page_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            assert "://" in target or (page.parent / target).exists(), f"{page.name} links to {target}"
