"""The pages of docs/ that say what code does: the reference, and the node that docs/nodes.md writes and tests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from tests.parts.run_cli import cli, finished
from tutelage.tasks.playing import random_returns
from tutelage.tasks.task import Task

ROOT = Path(__file__).parents[1]

LEARNS = re.compile(r"tutelage launch ((?:gail|bc|dac|airl|iq)\.yaml(?: [a-z_]+:=[\w.-]+)*)\s*(?:#.*)?$", re.MULTILINE)
"""An example that can be run as it stands: nothing in it is to be filled in, and no person is needed."""

TO_FILL_IN = ("live:=true", "robot:=", "FILE", "NAME")
NODES = (ROOT / "docs" / "nodes.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", NODES, flags=re.DOTALL)


def test_the_node_of_the_page_is_tested_and_replayed_as_the_page_says() -> None:
    node, wave, test, replay = blocks("python")
    names: dict[str, Any] = {"RECORDING": ROOT / "tests" / "recordings" / "gail.mcap"}
    for block in (node, wave, test, replay):
        exec(compile(block, "nodes.md", "exec", dont_inherit=True), names)
    assert names["Wave"].topic == "wave"
    assert all(message.values["beaten"] >= 1 for message in names["said"])


def test_its_launch_file_is_one(tmp_path: Path) -> None:
    (tmp_path / "beaten.py").write_text(blocks("python")[0])
    (tmp_path / "mine.yaml").write_text(blocks("yaml")[0])
    done = cli("launch", "mine.yaml", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0 and "beaten.py:Beaten" in done.stdout, done.stderr


def test_the_launch_file_that_ray_places_is_one(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "machines.md").read_text()
    found = re.findall(r"```yaml\n(# split.yaml: PPO.*?)```", page, flags=re.DOTALL)
    (tmp_path / "split.yaml").write_text("".join(found))
    done = cli("launch", "split.yaml", "--dry-run", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.count("host: ray-") == 3, done.stderr


def test_the_reference_is_what_the_code_says() -> None:
    made = subprocess.run([sys.executable, "-c", "import make_reference; print(make_reference.page(), end='')"],
                          cwd=ROOT / "docs", capture_output=True, text=True, check=True)  # fmt: skip
    assert made.stdout == (ROOT / "docs" / "reference.md").read_text(), "run python docs/make_reference.py"


def test_every_link_of_every_page_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
            assert "://" in target or (page.parent / target).exists(), f"{page.name} links to {target}"


def examples() -> list[str]:
    """The commands of README and docs that learn, without their seeds."""
    pages = [ROOT / "README.md", ROOT / "docs" / "algorithms.md", ROOT / "docs" / "troubleshooting.md"]
    found = {one for page in pages for one in LEARNS.findall(page.read_text())}
    return sorted({re.sub(r" (seed|record):=\S+", "", one) for one in found if not any(w in one for w in TO_FILL_IN)})


def test_pages_have_examples_that_learn() -> None:
    assert {"gail.yaml", "gail.yaml env:=Acrobot-v1"} <= set(examples())


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [301, 302, 303])
@pytest.mark.parametrize("example", examples())
def test_an_example_reaches_nine_tenths_of_its_expert(tmp_path: Path, example: str, seed: int) -> None:
    run = finished(tmp_path, *example.split(), f"seed:={seed}", seconds=1500)
    task = Task(run.report["environment"])
    at_random, expert = fmean(random_returns(task, 20)), run.report["expert_return_mean"]
    score = (run.report["return_mean"] - at_random) / (expert - at_random)
    print(f"\n{example} seed:={seed}: {score:.3f} of its expert")
    assert score >= 0.9
