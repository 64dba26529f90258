"""A node that nobody waits for costs its senders no memory, however long it stands still, and misses nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
from numpy.typing import NDArray

from tutelage import Message
from tutelage.files import checkpoint
from tutelage.launcher import graph
from tutelage.transport.bus import Bus, Who
from tutelage.transport.inbox import Inbox, Stream
from tutelage.transport.outbox import SPILL_BYTES, Outbox
from tutelage.transport.speaker import PULL_BYTES


class Large(Message, cadence="step"):
    """learner -> report: 100 kB."""

    values: Annotated[NDArray[np.float64], "n"]


def large(number: int) -> Large:
    return Large(0, number, np.full(12_500, float(number)))


class Run:
    """A learner that keeps checkpoints, and its report."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.speak()
        self.stream = Stream("learner", Large)
        heard = Inbox([self.stream])
        self.report = Bus(Who("run", "report", 0), folder, heard, {}, Outbox({}), sinks={"report"})

    def speak(self) -> None:
        self.outbox = Outbox({"report": ["large"]}, folder=self.folder / "learner.outbox")
        kept = checkpoint.load(self.folder / "learner.checkpoint")
        if kept:
            self.outbox.load(kept)
        said = dict[type[Message], str]({Large: "large"})
        self.learner = Bus(Who("run", "learner", 0), self.folder, Inbox([]), said, self.outbox, sinks={"report"})

    def keep(self) -> int:
        """Keeps a checkpoint of the learner; the bytes of its file."""
        self.outbox.spill()
        checkpoint.save(self.folder / "learner.checkpoint", self.outbox.state())
        self.outbox.saved()
        return (self.folder / "learner.checkpoint").stat().st_size

    def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(1000):
            if holds():
                return
            self.learner.receive(0.005)
            self.report.receive(0.005)
        pytest.fail("it did not come to that")

    def say(self, begin: int, end: int) -> None:
        """Says messages while the report stands still, with a checkpoint now and then."""
        for number in range(begin, end):
            self.learner.say(large(number))
            self.learner.receive(0)
            if number % 20 == 19:
                assert self.keep() < SPILL_BYTES + 200_000
                assert self.outbox.bytes_in_memory < SPILL_BYTES + 200_000

    def heard(self) -> list[float]:
        return [message.values[0] for message in iter(self.report.inbox.pop, None) if isinstance(message, Large)]


@pytest.fixture
def run() -> Iterator[Run]:
    made = Run(Path(tempfile.mkdtemp(prefix="bus-")))  # a socket's path must be short
    made.learner.say(large(0))
    made.until(lambda: made.stream.received == 1)
    yield made
    made.learner.close()
    made.report.close()
    shutil.rmtree(made.folder)


def test_what_it_has_not_heard_is_in_files_and_comes_in_order_when_it_asks(run: Run) -> None:
    run.say(1, 100)
    assert len(run.outbox) == 100 and len(list((run.folder / "learner.outbox").iterdir())) >= 4
    most = 0
    while run.stream.received < 100:
        before = run.stream.received
        run.report.receive(0.05)
        run.learner.receive(0.01)
        most = max(most, run.stream.received - before)
    assert run.heard() == list(range(100)) and most * 100_000 < PULL_BYTES + 200_000
    run.report.acknowledge({("learner", "large"): 100})
    run.until(lambda: len(run.outbox) == 0)
    for _ in range(3):
        run.keep()
    assert list((run.folder / "learner.outbox").iterdir()) == []


def test_a_sender_that_is_killed_says_it_from_its_files(run: Run) -> None:
    run.say(1, 60)
    run.learner.close()
    run.speak()
    run.say(60, 80)
    run.until(lambda: run.stream.received == 80)
    assert run.heard() == list(range(80))


def test_the_files_of_a_checkpoint_outlive_the_next_one_that_is_torn(run: Run) -> None:
    run.say(1, 40)
    run.until(lambda: run.stream.received == 40)
    run.report.acknowledge({("learner", "large"): 40})
    run.until(lambda: len(run.outbox) == 0)
    run.keep()
    torn = run.folder / "learner.checkpoint"
    torn.write_bytes(torn.read_bytes()[:-1])
    run.learner.close()
    run.speak()
    assert len(list(run.outbox.since({"large": 0}))) == 40


def test_a_topic_that_is_not_heard_keeps_nothing_of_another() -> None:
    outbox = Outbox({"report": ["episode"], "policy": ["observation"]})
    outbox.add("episode", [b"ended"])
    for number in range(1000):
        outbox.add("observation", [b"seen"])
        outbox.acknowledge("policy", {"observation": number + 1})
    assert len(outbox) == 1


@pytest.mark.parametrize("enough, found", [(0, {"report", "evaluator"}), (475, {"report"})])
def test_which_nodes_nobody_waits_for(enough: float, found: set[str]) -> None:
    assert graph("gail.yaml", [f"enough:={enough}", "record:=true"]).sinks() == found
