"""A run whose machines Ray chooses is the run of one machine, whatever becomes of these machines. Needs the extra `ray`."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.parts.raylets import raylets
from tests.parts.run_cli import Run, finished
from tests.parts.waiting import until
from tutelage.supervision.machines import placement

LAUNCH = Path(__file__).parents[2] / "launch"
ON = "on: {resources: {x: 1}}"

pytestmark = [
    pytest.mark.slow,  # Ray takes seconds to start, and as many to notice that a machine is gone
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_spec("ray") is None, reason="needs the extra `ray`"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    with raylets() as made:
        yield made


@pytest.fixture(scope="module")
def digest(tmp_path_factory) -> str:
    """Of the run on one machine."""
    return finished(tmp_path_factory.mktemp("one"), "gail.yaml", "budget:=32768", "episodes:=2").digest


def launched(folder: Path, cluster: str) -> Run:
    """`gail.yaml` with simulator and policy on a machine that Ray chooses, and the discriminator on another."""
    text = re.sub(r"file: (\w+)\.yaml", rf"file: {LAUNCH}/\1.yaml", (LAUNCH / "gail.yaml").read_text())
    text = text.replace("simulators.yaml", f"simulators.yaml\n    {ON}")
    text = text.replace("run: nodes.discriminator:Discriminator", f"{ON}\n    run: nodes.discriminator:Discriminator")
    assert text.count(ON) == 2
    (folder / "gail.yaml").write_text(text)
    return Run(folder, str(folder / "gail.yaml"), "budget:=32768", "episodes:=2", "--ray", cluster)


def amid(folder: Path, cluster: str) -> Run:
    """Such a run in the midst of learning."""
    run = launched(folder, cluster)
    run.until_learning(rows=2)
    return run


def placed(run: Run) -> dict[str, int]:
    """The processes that Ray's actors have started for a run, by their folders of checkpoints; without their children."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if "placed" in words and str(run.run_dir) in words:
            found[int(process.name)] = words[words.index(str(run.run_dir)) + 1]
    return {name: pid for pid, name in found.items() if parent(pid) not in found}


def parent(pid: int) -> int:
    path = Path(f"/proc/{pid}/stat")
    return int(path.read_text().rpartition(")")[2].split()[1]) if path.exists() else 0


def test_what_ray_refuses_amid_the_start_is_told(tmp_path) -> None:
    told: list[tuple[str, str]] = []
    run = placement.Run("run", tmp_path, "10.0.0.1:7700", "")
    placement._keep("ray-1", {"resources": {"CPU": 2}}, run, tmp_path, lambda *words: told.append(words))
    [(event, why)] = told
    assert event == "refused" and why.startswith("ray-1 cannot be kept: ") and "CPU" in why


def test_it_ends_in_the_digest_of_one_machine_and_leaves_nothing(tmp_path, cluster, digest) -> None:
    run = amid(tmp_path, cluster).ends_well(100)
    assert run.digest == digest and run.report["node_restarts"] == {}
    until(lambda: not placed(run))
    assert sorted(path.name for path in run.run_dir.glob("checkpoints/ray-*/*.checkpoint")) == [
        f"{node}.checkpoint" for node in ("discriminator", "policy", "simulator")
    ]


def test_a_finished_run_is_extended(tmp_path, cluster) -> None:
    digests = []
    for folder, words in ((tmp_path / "one", ()), (tmp_path / "ray", ("--ray", cluster))):
        folder.mkdir()
        run = launched(folder, cluster) if words else Run(folder, "gail.yaml", "budget:=32768", "episodes:=2")
        digests.append(run.ends_well(100).resumed("budget:=49152", *words, seconds=100).digest)
    assert digests[0] == digests[1]


def test_a_killed_launcher_leaves_nothing(tmp_path, cluster) -> None:
    run = amid(tmp_path, cluster)
    assert sorted(placed(run)) == ["checkpoints/ray-1.1", "checkpoints/ray-2.1"]
    run.kill()
    until(lambda: not placed(run))


def test_a_machines_process_that_is_killed_begins_another_life(tmp_path, cluster, digest) -> None:
    run = amid(tmp_path, cluster)
    os.kill(placed(run)["checkpoints/ray-1.1"], signal.SIGKILL)
    assert run.ends_well(100).digest == digest
    assert run.report["node_restarts"] == {"simulator": 1, "policy": 1}


def test_ones_process_for_ray_that_is_killed_begins_anew(tmp_path, cluster, digest) -> None:
    run = amid(tmp_path, cluster)
    log = run.run_dir / "logs/ray.log"
    drivers = [int(path.parent.parent.name) for path in Path("/proc").glob("[0-9]*/fd/1") if _leads_to(path, log)]
    assert len(drivers) == 1
    os.kill(drivers[0], signal.SIGKILL)
    assert run.ends_well(100).digest == digest


def _leads_to(link: Path, file: Path) -> bool:
    try:
        return link.readlink() == file
    except OSError:
        return False


def test_an_interrupted_run_is_resumed(tmp_path, cluster, digest) -> None:
    run = amid(tmp_path, cluster)
    run.process.send_signal(signal.SIGINT)
    run.wait(30)
    assert run.process.returncode == 130, run.output
    assert run.resumed("--ray", cluster, seconds=100).digest == digest


def test_where_no_ray_answers_the_run_is_refused(tmp_path) -> None:
    run = launched(tmp_path, "127.0.0.1:9").wait(60)
    assert run.process.returncode == 2 and "Ray at 127.0.0.1:9 cannot place ray-1, ray-2" in run.output
    assert not run.run_dir.exists()


def test_a_machine_that_is_gone_is_replaced_by_another(tmp_path, cluster, digest) -> None:
    """The last one here: its machine does not come back."""
    run = amid(tmp_path, cluster)
    gone = placed(run)["checkpoints/ray-1.1"]
    os.kill(parent(parent(gone)), signal.SIGKILL)  # the process of Ray's actor is between
    assert run.ends_well(100).digest == digest
    assert run.report["node_restarts"]["simulator"] == 1
    assert not Path(f"/proc/{gone}").exists()
