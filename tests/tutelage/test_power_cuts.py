"""After a power cut at any moment a run goes on where the disk has it, and ends as if nothing had happened.

pytest -m slow -n 0 tests/tutelage/test_power_cuts.py -s
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.images import MEGABYTES, cut, make, mounted
from tests.parts.run_cli import Run, finished

CUTS = 20
ARGUMENTS = ("gail.yaml", "budget:=32768", "episodes:=2", "record:=true")
DISTURBANCES = ("none", "written back", "restarts", "resumed")


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    """A file system that can copy a file in one step."""
    make(tmp_path / "shared.image", "xfs", 2048)
    with mounted(tmp_path / "shared.image", tmp_path / "shared") as folder:
        yield folder


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", MEGABYTES)
def test_twenty_power_cuts(tmp_path: Path, shared: Path, kind: str) -> None:
    quiet = finished(tmp_path, *ARGUMENTS)
    rng, begun = random.Random(kind), Counter[str]()
    for number in range(CUTS):
        disturbance = DISTURBANCES[number % len(DISTURBANCES)]
        moment = rng.uniform(0, 0.8) * quiet.report["wall_seconds"]
        image, left, mount = shared / "image", shared / "left", tmp_path / "mount"
        for former in (image, left):
            former.unlink(missing_ok=True)
        make(image, kind, MEGABYTES[kind])
        with mounted(image, mount):
            run = Run(mount, *ARGUMENTS)
            disturb(run, disturbance, moment)
            cut(image, left)
            stop(run)
        with mounted(left, mount):
            if not (mount / "run" / "run.json").exists():
                assert not list((mount / "run").glob("*/*")), (
                    "something was done before all that a resume needs was kept"
                )
                begun[f"{disturbance}, before it began"] += 1
                continue
            if (mount / "run" / "report.json").exists() and run.report["exit_code"] == 0:
                assert run.digest == quiet.digest
                begun[f"{disturbance}, over before the cut"] += 1
                continue
            rows = (mount / "run" / "metrics.jsonl").exists()
            again = Run(mount, "--resume", str(mount / "run")).wait(200)
            assert again.process.returncode == 0, f"cut {number} ({disturbance}, {moment:.1f} s): {again.output}"
            assert again.digest == quiet.digest, f"cut {number} ({disturbance}, {moment:.1f} s)"
            begun[f"{disturbance}, {'with' if rows else 'before any'} learning on the disk"] += 1
    print(f"\n{kind}: {CUTS} power cuts, one digest: {dict(begun)}")


def disturb(run: Run, how: str, seconds: float) -> None:
    """Lets a run go on for so long, and has its file system written back, or nodes or all of it started again."""
    until = time.monotonic() + seconds
    run.until((run.run_dir / "run.json").exists)
    time.sleep(max(0.0, until - time.monotonic()) / 2)
    if how == "written back":
        os.sync()
    if how == "restarts":
        for pid in run.nodes().values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    if how == "resumed" and run.process.poll() is None:
        run.process.send_signal(signal.SIGINT)
        run.wait()
        run.process = Run(run.run_dir.parent, "--resume", str(run.run_dir)).process
    time.sleep(max(0.0, until - time.monotonic()))


def stop(run: Run) -> None:
    """Ends a run on a disk that is to be unmounted."""
    nodes = run.nodes()
    run.kill()
    while any(Path(f"/proc/{pid}").exists() for pid in nodes.values()):
        time.sleep(0.02)
