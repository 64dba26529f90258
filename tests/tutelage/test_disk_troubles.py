"""Disks that are full, or answer nobody. Only root can have such disks; elsewhere these tests are skipped."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.disks import disk, fill
from tests.parts.run_cli import Run
from tests.parts.waiting import exists, until_gone
from tests.tutelage.test_silence import named
from tests.tutelage.test_supervisor import hasten, launch, until_running

SMALL = ("budget:=8192", "episodes:=2")


@pytest.mark.parametrize("sign", ["learner cannot save learner.checkpoint", "evaluation"])
def test_a_full_disk_is_said_at_once_and_the_run_goes_on_when_it_has_room(tmp_path: Path, sign: str) -> None:
    """It has room again amid the run, or at its very end, when nodes have ended that still have to save."""
    (tmp_path / "run").mkdir()
    with disk(tmp_path / "run", "80m"):
        run = Run(tmp_path, "gail.yaml", "budget:=32768", "episodes:=2")
        run.until_learning(rows=2)
        fill(run.run_dir / "filler")
        run.until(lambda: "(No space left on device)" in run.output and sign in run.output)
        (run.run_dir / "filler").unlink()
        run.ends_well()
        assert run.report["node_restarts"] == {} and run.digest
        learned = [row for row in run.rows if "time/total_timesteps" in row and "eval" not in str(row)]
        assert len(learned) == 32768 // 2048, run.rows


def test_what_a_full_disk_did_not_take_is_named_in_the_end_and_written_by_a_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasten(tmp_path, monkeypatch, "from tutelage import node_life", "node_life.UNWRITTEN_SECONDS = 0.5")
    (tmp_path / "run").mkdir()
    with disk(tmp_path / "run", "80m"):
        run = Run(tmp_path, "gail.yaml", *SMALL)
        run.until((run.run_dir / "checkpoints" / "report.checkpoint").exists)
        fill(run.run_dir / "filler")
        run.wait()
        assert run.process.returncode == 1
        assert "not saved: weights.safetensors (No space left on device), by report" in run.output
        assert "--resume" in run.output and "restarted" not in run.output
        assert "Traceback" not in run.output + (run.run_dir / "logs" / "report.log").read_text()
        (run.run_dir / "filler").unlink()
        resumed = run.resumed()
        assert resumed.report["return_mean"] and resumed.digest


@contextlib.contextmanager
def freezing(folder: Path) -> Iterator[None]:
    """A disk in the place of a folder that can be frozen: then who writes waits, and cannot be killed meanwhile."""
    if os.getuid() or not (shutil.which("fsfreeze") and shutil.which("mkfs.ext4")):
        pytest.skip("a disk can be frozen only by root")
    image = folder.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(160 * 2**20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, folder], capture_output=True).returncode:
        pytest.skip("no image can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "--unfreeze", folder], capture_output=True)
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.slow
def test_two_interrupts_do_not_wait_for_a_disk_that_does_not_answer(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with freezing(tmp_path / "run"):
        run = launch(tmp_path, clock="Clock {count: 1000000}", follower="Follower", idle="Idle")
        nodes = until_running(run, 3)
        run.until((run.run_dir / "checkpoints" / "follower.checkpoint").exists)
        subprocess.run(["fsfreeze", "--freeze", run.run_dir], check=True)
        run.until(lambda: named(run, "follower"))
        os.kill(run.process.pid, signal.SIGINT)
        os.kill(run.process.pid, signal.SIGINT)
        run.process.wait(30)  # 4 s on an idle machine: it waits for the killed, not for the disk
        assert run.process.returncode == 130, run.output
        assert any(map(exists, nodes.values())), "the disk held nobody"
        subprocess.run(["fsfreeze", "--unfreeze", run.run_dir], check=True)
        until_gone(*nodes.values())
