"""What two processes tell each other when one of them comes back, over real sockets."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tutelage import Message
from tutelage.input.problems import Refusal
from tutelage.nodes.recorder import Recorder
from tutelage.recording import Loss, Reader
from tutelage.transport import bus
from tutelage.transport.bus import Bus, Who
from tutelage.transport.inbox import Inbox, Stream
from tutelage.transport.listener import Listener
from tutelage.transport.outbox import Outbox


class Number(Message, cadence="step"):
    """mouth -> ear: the next number."""

    value: int


class Pair:
    """Who speaks and who listens; either can be ended and made anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mouth: Bus
        self.ear: Bus
        self.speak({})
        self.listen()

    def speak(self, kept: dict[str, Any]) -> None:
        self.outbox = Outbox({"ear": ["number"]})
        if kept:
            self.mouth.close()
            self.outbox.load(kept)
        self.mouth = Bus(Who("run", "mouth", 0), self.folder, Inbox([]), {Number: "number"}, self.outbox)

    def listen(self, again: bool = False) -> None:
        if again:
            self.ear.close()
        self.stream = Stream("mouth", Number)
        self.ear = Bus(Who("run", "ear", 0), self.folder, Inbox([self.stream]), {}, Outbox({}))

    def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(1000):
            if holds():
                return
            self.mouth.receive(0.01)
            self.ear.receive(0.01)
        pytest.fail("it did not come to that")


@pytest.fixture
def pair() -> Iterator[Pair]:
    folder = Path(tempfile.mkdtemp(prefix="bus-"))  # a socket's path must be short
    made = Pair(folder)
    for number in range(3):
        made.mouth.say(Number(0, number, number))
    made.until(lambda: made.stream.received == 3)
    yield made
    for one in (made.mouth, made.ear):
        one.close()
    shutil.rmtree(folder)


def test_a_speaker_that_comes_back_knows_what_it_cannot_say_again(pair: Pair) -> None:
    pair.ear.acknowledge({("mouth", "number"): 2})
    pair.until(lambda: len(pair.outbox) == 1)
    pair.speak(pair.outbox.state())
    pair.listen(again=True)  # without what it has told that it has
    with pytest.raises(Refusal, match="mouth: has forgotten 2 messages of number that ear still needs"):
        pair.until(lambda: pair.stream.received > 0)


def test_who_has_ended_misses_nothing_that_a_speaker_has_forgotten(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.ear.acknowledge_all()
    pair.until(lambda: len(pair.outbox) == 0)
    pair.listen(again=True)
    pair.ear.acknowledge_all()
    told: list[Any] = []

    def skip(**what: Any) -> None:
        Listener._skip(pair.ear.listener, **what)
        told.append(what)

    monkeypatch.setattr(pair.ear.listener, "_skip", skip)
    pair.speak(pair.outbox.state())
    pair.until(lambda: bool(told))
    assert told[0]["begins"] == {"number": 3}


def test_a_recorder_that_comes_back_counts_what_nobody_can_say_again_though_nothing_follows_it(
    pair: Pair, tmp_path: Path
) -> None:
    """It was killed on a full disk: it had acknowledged what it could not write, nor keep a checkpoint of."""
    pair.ear.acknowledge({("mouth", "number"): 3})
    pair.until(lambda: len(pair.outbox) == 0)
    recorder = Recorder()
    recorder.run_dir = tmp_path
    pair.listen(again=True)
    pair.ear.listener.witness = recorder
    pair.until(lambda: pair.stream.received == 3)
    list(recorder.finish())
    assert recorder.lost() == {"number": 3}
    reader = Reader(tmp_path / "recording.mcap")
    assert not list(reader) and reader.losses == [Loss("number", "mouth", 0, 3, "missed")]


def test_receiving_says_whether_something_came(pair: Pair) -> None:
    assert not pair.ear.receive(0)
    pair.mouth.say(Number(0, 3, 3))
    assert pair.ear.receive(10) and pair.stream.received == 4
    assert not pair.ear.receive(10)  # while messages come, it looks after its connections now and then
    assert not pair.ear.receive(0)


def test_receiving_waits_for_what_is_on_its_way(pair: Pair) -> None:
    for number in range(3, 103):
        assert not pair.ear.receive(0)
        pair.mouth.say(Number(0, number, number))
        assert pair.ear.receive(10)


def test_who_waits_greets_who_comes(pair: Pair) -> None:
    """It is in one long wait after the other, for a speaker that says nothing to it."""
    said, over = Stream("waiting", Number), threading.Event()
    waiting = Bus(
        Who("run", "waiting", 0),
        pair.folder,
        Inbox([Stream("mouth", Number)]),
        {Number: "number"},
        Outbox({"late": ["number"]}),
    )
    waiting.publish([Number(0, 0, 0)])

    def wait() -> None:
        while not over.is_set():
            waiting.receive(30)

    thread = threading.Thread(target=wait)
    thread.start()
    late = Bus(Who("run", "late", 0), pair.folder, Inbox([said]), {}, Outbox({}))
    for _ in range(1000):
        late.receive(0.01)
        if said.received:
            break
    over.set()
    late.acknowledge_all()  # wakes it
    thread.join()
    for one in (waiting, late):
        one.close()
    assert said.received == 1


@pytest.mark.parametrize("service_ms", [bus.SERVICE_MS, 0])
def test_who_is_busy_all_the_time_greets_who_comes(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, service_ms: int
) -> None:
    """It hears without end, and has a listener of its own; with 0, each message takes it longer than SERVICE_MS."""
    heard, said = Stream("mouth", Number), Stream("busy", Number)
    busy = Bus(Who("run", "busy", 0), pair.folder, Inbox([heard]), {Number: "number"}, Outbox({"late": ["number"]}))
    busy.publish([Number(0, 0, 0)])
    monkeypatch.setattr(bus, "SERVICE_MS", service_ms)
    late: Bus | None = None
    for number in range(3, 50_000):
        pair.mouth.say(Number(0, number, number))
        pair.mouth.receive(0)
        busy.receive(10 if heard.received else 0)
        if heard.received and not late:
            late = Bus(Who("run", "late", 0), pair.folder, Inbox([said]), {}, Outbox({}))
        if late:
            late.receive(0)
        if said.received:
            break
    for one in (busy, late):
        if one:
            one.close()
    assert said.received == 1


def test_closing_closes_all_sockets(pair: Pair) -> None:
    for one in (pair.mouth, pair.ear):
        one.close()
        assert one.speaker.links.closed and one.listener.socket.closed


def test_the_end_is_promised_on_all_topics(pair: Pair) -> None:
    assert not pair.mouth.ended
    pair.mouth.end()
    assert pair.mouth.ended
    pair.until(lambda: pair.stream.received == 4)
    while pair.ear.inbox.pop():
        pass
    assert pair.ear.inbox.ended and pair.stream.next_time == (2**62, 0)
