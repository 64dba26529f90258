"""LeRobot datasets go to a hub and come back, by Hugging Face's own client and a server on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts import hub as server
from tests.parts.episodes import driven
from tests.parts.hub import NAME, TOKEN, Hub
from tests.parts.run_cli import cli
from tutelage.teaching.formats import files
from tutelage.teaching.formats.trajectory import Demonstrations

pytest.importorskip("huggingface_hub", reason="needs the extra hub")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with server.running() as running:
        yield running


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    shown = [driven("Pendulum-v1", i, 20) for i in range(3)]
    return files.write(str(tmp_path / "dataset"), Demonstrations(shown), "lerobot", "swing up", 20)[0]


def demos(folder: Path, hub: Hub, *words: str, **environment: str) -> str:
    """What a `demos` command prints, with a cache of its own."""
    own = {
        "HF_HOME": str(folder / "cache"),
        "HF_ENDPOINT": hub.address,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_OFFLINE": "0",
        **environment,
    }
    done = cli("demos", *words, cwd=folder, **own)
    return done.stdout + done.stderr


def test_a_dataset_is_downloaded_once_and_read_without_the_network(tmp_path: Path, hub: Hub, dataset: Path) -> None:
    hub.hold(dataset)
    hub.files["videos/camera/chunk-000/file-000.mp4"] = b"not read"
    hub.files["README.md"] = b"not read"
    assert f"hub:{NAME}: 3 episodes" in demos(tmp_path, hub, "download", NAME)
    assert any(one.endswith("meta/info.json") for one in hub.asked)
    assert not any("videos/" in one or "README" in one for one in hub.asked if "/resolve/" in one)
    asked = len(hub.asked)
    listed = demos(tmp_path, hub, "list", f"hub:{NAME}", "--env", "Pendulum-v1")
    assert len(listed.strip().splitlines()) == 4, listed
    assert len(demos(tmp_path, hub, "list", f"hub:{NAME}@{hub.revision}").splitlines()) == 4
    assert len(hub.asked) == asked


def test_a_dataset_is_uploaded_and_what_is_none_is_refused(tmp_path: Path, hub: Hub, dataset: Path) -> None:
    assert "hf auth login" in demos(tmp_path, hub, "upload", str(dataset), NAME)
    assert f"{hub.address}/datasets/{NAME}" in demos(tmp_path, hub, "upload", str(dataset), NAME, HF_TOKEN=TOKEN)
    paths = [path for path in dataset.rglob("*") if path.is_file()]
    assert hub.files == {path.relative_to(dataset).as_posix(): path.read_bytes() for path in paths}
    (tmp_path / "empty").mkdir()
    hub.asked.clear()
    said = demos(tmp_path, hub, "upload", "empty", NAME, HF_TOKEN=TOKEN)
    assert said.startswith("empty: holds no demonstrations") and "Traceback" not in said
    assert not hub.asked


def test_what_was_not_downloaded_or_is_not_there_is_a_sentence(tmp_path: Path, hub: Hub) -> None:
    said = demos(tmp_path, hub, "list", "hub:nobody/nothing")
    assert "hub:nobody/nothing: is not on this machine: tutelage demos download nobody/nothing" in said
    assert not hub.asked
    said = demos(tmp_path, hub, "download", "nobody/nothing")
    assert said.startswith("nobody/nothing: the hub does not do it:") and "Traceback" not in said
    said = demos(tmp_path, hub, "download", "nobody/nothing", HF_ENDPOINT="http://127.0.0.1:9")
    assert said.startswith("nobody/nothing: the hub does not do it:") and "Traceback" not in said
