"""The recorder as a process: killed at any moment, out of disk space, within a run."""

import json
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mcap.reader import make_reader

from tests.parts.disks import disk, fill
from tests.parts.run_cli import CLI, Run, cli, finished
from tests.parts.ticking import Tick
from tests.parts.waiting import until
from tests.tutelage.test_recording import by_mcap
from tutelage import launcher as launching
from tutelage.assignment import Assignment
from tutelage.graph import Graph, NodePlan, node_class
from tutelage.message import FOREVER, schema
from tutelage.observers.listener import hear
from tutelage.recording import Reader
from tutelage.status import Status
from tutelage.supervision import child
from tutelage.supervision.child import Child

RATE_HZ = 200
SAID = struct.Struct("<q")
PLAN = NodePlan("recorder", "nodes.recorder:Recorder", hears={"tick": ["arm"]})


class Arm:
    """A process that says a numbered message 200 times a second, and what it knows: when each was said, what is safe."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.parts.ticking", str(folder), str(RATE_HZ)]
        self._process = subprocess.Popen(command, cwd=CLI.parent, stdout=subprocess.PIPE)
        assert self._process.stdout and self._process.stdout.readline()
        self._folder = folder

    def said(self) -> list[int]:
        """The time of each message [monotonic ns]."""
        data = (self._folder / "said").read_bytes()
        return [time for (time,) in SAID.iter_unpack(data[: len(data) // SAID.size * SAID.size])]

    def acknowledged(self) -> int:
        """How many messages the recorder has said that it has."""
        return int((self._folder / "acknowledged").read_bytes() or b"0")

    def stop(self) -> None:
        """It says nothing more; what it has said is under way."""
        self._process.send_signal(signal.SIGSTOP)

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def arm() -> Iterator[tuple[Arm, Assignment]]:
    folder = Path(tempfile.mkdtemp(prefix="arm-"))  # a socket's path must be short
    said = Arm(folder)
    try:
        yield said, Assignment("run", folder, folder, Graph("robot", [], messages={"tick": schema(Tick)}))
    finally:
        said.end()
        shutil.rmtree(folder)


class Growing:
    """The numbers in a recording that grows: only what is new is read."""

    def __init__(self, path: Path) -> None:
        self.path, self.end, self.numbers = path, 0, list[int]()

    def look(self) -> int:
        """How many messages are in it, all of them from the first on."""
        if self.path.exists():
            reader = Reader(self.path, self.end)
            self.numbers += [recorded.open()[0].sequence for recorded in reader]
            self.end = reader.end
            assert not reader.losses and self.numbers == list(range(len(self.numbers)))
        return len(self.numbers)


def started(place: Assignment) -> Child:
    node_class(PLAN.run)  # so that the child has it loaded
    for folder in ("logs", "checkpoints"):
        (place.run_dir / folder).mkdir(exist_ok=True)
    recorder = child.start([PLAN], place, [])[0]
    recorder.tell("begin")
    return recorder


def log(folder: Path) -> str:
    return (folder / "logs" / "recorder.log").read_text()


def caught_up(recorder: Child, recording: Growing, said: Arm) -> None:
    """Until all is in the file that had been said before."""
    wanted = max(1, len(said.said()))
    while recording.look() < wanted:
        assert recorder.exit_status() is None, log(recording.path.parent)
        time.sleep(0.01)


def kill(recorder: Child) -> int:
    """Kills it; the time just before [monotonic ns]."""
    before = time.monotonic_ns()
    recorder.kill(signal.SIGKILL)
    os.waitpid(recorder.pid, 0)
    recorder.lifeline.close()
    return before


def killed_often(kills: int, chance: random.Random) -> list[float]:
    """Kills one recorder so often; how old the oldest message was each time that was not in the file [ms]."""
    ages = []
    with arm() as (said, place):
        recording = Growing(place.run_dir / "recording.mcap")
        for place.restarts in range(kills):
            recorder = started(place)
            caught_up(recorder, recording, said)
            time.sleep(chance.uniform(0, 0.4))
            at = kill(recorder)
            safe, written = said.acknowledged(), recording.look()
            assert written >= safe
            assert by_mcap(recording.path) == recording.numbers
            missing = said.said()[written:]
            ages.append((at - min([at, *missing])) / 1e6)
        recorder = started(place)
        caught_up(recorder, recording, said)
        kill(recorder)
    return ages


def test_a_killed_recorder_loses_nothing_that_it_acknowledged():
    killed_often(5, random.Random(1))


def test_a_recorder_that_is_behind_hears_the_rest_before_it_leaves():
    with arm() as (said, place):
        recorder, recording = started(place), Growing(place.run_dir / "recording.mcap")
        caught_up(recorder, recording, said)
        recorder.kill(signal.SIGSTOP)
        behind = len(said.said()) + RATE_HZ // 2
        until(lambda: len(said.said()) >= behind + 20)
        said.stop()
        recorder.tell("release")
        recorder.kill(signal.SIGCONT)
        os.waitpid(recorder.pid, 0)
        recorder.lifeline.close()
        assert recording.look() >= behind


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_three_hundred_kills():
    chance = random.Random(0)
    ages = [age for _ in range(12) for age in killed_often(25, chance)]
    print(f"\n{len(ages)} kills at {RATE_HZ} Hz: the oldest message not in the file was {max(ages):.0f} ms old")
    assert max(ages) <= 100


def read(path: Path) -> tuple[list[int], Reader]:
    """The numbers in a recording, and who knows what was lost of it."""
    reader = Reader(path)
    return [recorded.open()[0].sequence for recorded in reader], reader


def status_losses(place: Assignment) -> Iterator[int]:
    """What the recorder's statuses say it has lost."""
    (place.socket_dir / "run_dir").write_text(str(place.run_dir))
    for heard in hear(place.run, place.socket_dir, ["recorder"], {Status.topic: Status}):
        if heard and isinstance(heard.message, Status):
            yield heard.message.lost.get("tick", 0)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can bound the files of another process")
def test_on_a_full_disk_the_recorder_alarms_goes_on_and_states_what_is_lost():
    with arm() as (said, place):
        recorder, path = started(place), place.run_dir / "recording.mcap"
        caught_up(recorder, Growing(path), said)
        unlimited = resource.prlimit(recorder.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(recorder.pid, resource.RLIMIT_FSIZE, (path.stat().st_size, unlimited[1]))
        assert next(lost for lost in status_losses(place) if lost)
        full, safe = path.read_bytes(), said.acknowledged()
        until(lambda: said.acknowledged() >= safe + RATE_HZ)
        assert path.read_bytes() == full
        resource.prlimit(recorder.pid, resource.RLIMIT_FSIZE, unlimited)
        until(lambda: read(path)[1].losses)
        numbers, reader = read(path)
        kill(recorder)
        assert f"{path} cannot be written, so new messages are lost: [Errno 27] File too large" in log(place.run_dir)
    (loss,) = reader.losses
    lost = range(loss.first, loss.first + loss.messages)
    assert (loss.topic, loss.sender, loss.why) == ("tick", "arm", "[Errno 27] File too large") and len(lost) > RATE_HZ
    assert sorted([*numbers, *lost]) == list(range(numbers[-1] + 1))


@pytest.mark.parametrize("processes", [(), pytest.param(("--one-process",), marks=pytest.mark.slow)])
def test_a_run_is_recorded_to_its_last_message_and_changes_by_nothing(tmp_path, processes):
    arguments = ("gail.yaml", "budget:=8192", "episodes:=2", *processes)
    plain = finished(tmp_path / "plain", *arguments)
    run = finished(tmp_path / "recorded", *arguments, "record:=true")
    assert run.digest == plain.digest and run.report["messages_lost"] == 0
    reader = Reader(run.run_dir / "recording.mcap")
    said = [(recorded.sender, recorded.topic, recorded.open()) for recorded in reader]
    assert reader.closed and not reader.losses and not reader.damages
    assert json.loads(reader.about[0]["run"])["algorithm"] == "gail"
    graph = Graph.from_json(reader.about[0]["graph"])
    ended = {(sender, topic) for sender, topic, (_, fields) in said if fields == [FOREVER, 0]}
    assert ended == {(plan.name, topic) for plan in graph.nodes for topic in plan.says.values()}


@pytest.mark.slow
def test_a_recorder_that_is_killed_within_a_run_misses_nothing(tmp_path):
    run = Run(tmp_path, "gail.yaml", "record:=true", "episodes:=2")
    for rows in (2, 8, 14):
        run.until_learning(rows)
        os.kill(run.nodes()["recorder"], signal.SIGKILL)
    run.ends_well()
    following: dict[tuple[str, str], int] = {}
    reader = Reader(run.run_dir / "recording.mcap")
    for recorded in reader:
        stream, number = (recorded.sender, recorded.topic), recorded.open()[0].sequence
        assert number == following.get(stream, 0)
        following[stream] = number + 1
    assert reader.closed and not reader.losses and not reader.damages
    assert len(reader.about) == 1 + run.report["node_restarts"]["recorder"] > 1
    verified = cli("verify", run.run_dir)
    assert verified.returncode == 0, verified.stdout
    with reader.path.open("rb") as file:
        seeking = make_reader(file)
        summary = seeking.get_summary()
        sought = Counter((channel.metadata["sender"], channel.topic) for _, channel, _ in seeking.iter_messages())
    assert sought == following and summary and len(summary.channels) == len(following)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disk(tmp_path, "2m"):
        yield tmp_path


def test_a_recorder_on_a_full_disk_goes_on_even_if_it_is_killed_there(small_disk):
    """Its checkpoint cannot be kept either. What lies between is stated, and nothing else is missing."""
    with arm() as (said, place):
        place.run_dir, path, filler = small_disk, small_disk / "recording.mcap", small_disk / "filler"
        recorder = started(place)
        caught_up(recorder, Growing(path), said)
        fill(filler)
        assert next(lost for lost in status_losses(place) if lost)
        safe = said.acknowledged()
        until(lambda: said.acknowledged() >= safe + 2 * RATE_HZ)
        kill(recorder)
        place.restarts = 1
        recorder = started(place)
        assert next(lost for lost in status_losses(place) if lost)
        filler.unlink()
        until(lambda: read(path)[1].losses and read(path)[0][-1] >= len(said.said()) - RATE_HZ)
        numbers, reader = read(path)
        kill(recorder)
    lost = [number for loss in reader.losses for number in range(loss.first, loss.first + loss.messages)]
    assert len(lost) > 2 * RATE_HZ and not reader.damages
    assert sorted([*numbers, *lost]) == list(range(numbers[-1] + 1))


def test_a_recorder_hears_all_of_its_namespace_and_nothing_else(tmp_path):
    (tmp_path / "two.yaml").write_text(
        "include:\n"
        "  - {file: gail.yaml, namespace: left, arguments: {record: true}}\n"
        "  - {file: gail.yaml, namespace: right}\n"
    )
    plans = {plan.name: plan for plan in launching.graph(str(tmp_path / "two.yaml"), ()).nodes}
    said = {topic for name, plan in plans.items() if name.startswith("left/") for topic in plan.says.values()}
    assert plans["left/recorder"].hears.keys() == said
    assert "right/recorder" not in plans
