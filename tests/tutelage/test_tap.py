"""Messages to observers leave together, in order, and none waits for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
from numpy.typing import NDArray

from tutelage import Message
from tutelage.codec import Header
from tutelage.message import values
from tutelage.observers import listener
from tutelage.status import Status
from tutelage.transport import sockets
from tutelage.transport.bus import Bus, Who
from tutelage.transport.inbox import Inbox
from tutelage.transport.outbox import Outbox
from tutelage.transport.tap import BURST_MESSAGES, Arrival, Tap


class Sample(Message, cadence="step"):
    """eye -> observers: small or large."""

    values: Annotated[NDArray[np.float32], "n"]


def sample(step: int, size: int = 1) -> Sample:
    return Sample(0, step, np.zeros(size, np.float32))


@pytest.fixture
def eye(tmp_path: Path) -> Iterator[Bus]:
    with closing(Bus(Who("run", "eye", 0), tmp_path, Inbox([]), {Sample: "sample"}, Outbox({}))) as made:
        yield made


def tap_of(eye: Bus, folder: Path, at_once: bool = False) -> Tap:
    tap = Tap("run", folder, ["eye"], ["sample"], at_once)
    while not eye.speaker.tap.tapped or eye.speaker.tap.at_once != at_once:
        eye.receive(0.01)
    return tap


def steps(tap: Tap, count: int) -> list[int]:
    return [found.fields[1] for found in (tap.receive(1.0) for _ in range(count)) if found]


@pytest.mark.parametrize("last", ["large", "many", "heartbeat", "service", "end"])
def test_what_waits_goes_with_the_next_reason(eye: Bus, tmp_path: Path, last: str) -> None:
    """A large message, many of them, the heartbeat, the time after which nothing waits, or the node's end."""
    with closing(tap_of(eye, tmp_path)) as tap:
        count = BURST_MESSAGES + 1 if last == "many" else 4
        for step in range(count):
            eye.say(sample(step, 10_000 if (last, step) == ("large", count - 1) else 1))
        if last == "heartbeat":
            eye.tell(sample(0), "status")
        for _ in range(20 if last == "service" else 0):
            eye.receive(0.01)
        if last == "end":
            eye.end()
        assert steps(tap, count) == [*range(count)]


def test_who_wants_each_message_at_once_gets_it(eye: Bus, tmp_path: Path) -> None:
    with closing(tap_of(eye, tmp_path, at_once=True)) as tap:
        for step in range(5):
            eye.say(sample(step))
        assert steps(tap, 5) == [*range(5)]


def test_who_wanted_all_and_leaves_takes_nothing_from_the_others(eye: Bus, tmp_path: Path) -> None:
    context, status = sockets.Context(), Status.topic.encode()
    all_hearing = sockets.subscriber(context, [sockets.address(tmp_path, "eye", "tap")], [], high_water=9, largest=999)
    with closing(tap_of(eye, tmp_path)) as tap:
        all_hearing.send(b"\1")  # the empty prefix
        while status not in eye.speaker.tap.tapped:
            eye.receive(0.01)
        assert not eye.speaker.tap.at_once
        all_hearing.send(b"\0")
        while status in eye.speaker.tap.tapped:
            eye.receive(0.01)
        eye.say(sample(0, 10_000))
        assert steps(tap, 1) == [0]
    context.destroy(linger=0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a thread not to interrupt others")
def test_threads_that_serve_observers_interrupt_no_other(eye: Bus, tmp_path: Path) -> None:
    tap_of(eye, tmp_path).close()  # a thread sets its policy itself, before it takes a subscription
    policies = {int(name): os.sched_getscheduler(int(name)) for name in os.listdir("/proc/self/task")}
    assert policies.pop(os.getpid()) == os.SCHED_OTHER, "the node's own thread is as it was"
    assert os.SCHED_BATCH in policies.values() and os.SCHED_OTHER in policies.values(), "links are not held up"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these priorities")
def test_a_process_that_interrupts_others_still_does() -> None:
    """Real-time priority that a process was given and could not take itself is not given up."""
    code = """
import os, resource, sys
from tutelage.transport import sockets
try:
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))
    os.setuid(65534)
except PermissionError:
    sys.exit(77)
sockets.unhurried()
sys.exit(os.sched_getscheduler(0) != os.SCHED_FIFO)
"""
    done = subprocess.run([sys.executable, "-c", code], timeout=60)
    if done.returncode == 77:
        pytest.skip("only root gives real-time priority")
    assert done.returncode == 0


def test_what_was_lost_before_a_promise_is_told_with_the_next_message() -> None:
    expected: dict[tuple[str, str], int] = {}
    seen = [
        listener.read(Arrival("sample", Header("run", "eye", 0, number, 0, 0), fields, 9), {"sample": Sample}, expected)
        for number, fields in ((0, [*values(sample(0))]), (2, [1, 0]), (3, [*values(sample(1))]))
    ]
    assert [one and one.lost for one in seen] == [0, None, 1]
