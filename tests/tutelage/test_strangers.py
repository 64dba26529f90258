"""Who is not of a run changes nothing in it: garbage is dropped and counted, and nobody passes for a node."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgpack
import pytest
import zmq

from tutelage import Message, codec
from tutelage.message import fingerprint
from tutelage.transport.bus import Bus, Who
from tutelage.transport.inbox import Inbox, Stream
from tutelage.transport.meeting import DOWN, SEAL_BYTES, STRANGERS, UP, seal
from tutelage.transport.outbox import Outbox
from tutelage.transport.tap import Tap

SECRET = b"of the run"


class Number(Message, cadence="step"):
    """mouth -> ear: the next number."""

    value: int


class Meeting:
    """A speaker, a listener, and what a stranger does to either."""

    def __init__(self, folder: Path, secret: bytes = SECRET) -> None:
        self.folder = folder
        self.outbox = Outbox({"ear": ["number"]})
        self.stream = Stream("mouth", Number)
        heard = Inbox([self.stream])
        self.ear = Bus(Who("run", "ear", 0, SECRET), folder, heard, {}, Outbox({}))
        self.buses = [self.ear]
        self.mouth = self.speaking(secret)
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.strangers: list[zmq.Socket[bytes]] = []

    def speaking(self, secret: bytes) -> Bus:
        said: dict[type[Message], str] = {Number: "number"}
        self.buses.append(Bus(Who("run", "mouth", 0, secret), self.folder, Inbox([]), said, self.outbox))
        return self.buses[-1]

    def until(self, holds: Callable[[], bool], turns: int = 300) -> bool:
        for _ in range(turns):
            if holds():
                return True
            for bus in self.buses:
                bus.receive(0.01)
        return holds()

    def silence(self) -> None:
        self.buses.remove(self.mouth)
        self.mouth.close()

    def stranger(self, kind: int) -> zmq.Socket[bytes]:
        self.strangers.append(self.context.socket(kind))
        self.strangers[-1].setsockopt(zmq.RCVTIMEO, 10_000)
        return self.strangers[-1]

    def close(self) -> None:
        self.context.destroy(linger=0)
        for bus in self.buses:
            bus.close()
        shutil.rmtree(self.folder)


@pytest.fixture
def meeting() -> Iterator[Meeting]:
    made = Meeting(Path(tempfile.mkdtemp(prefix="bus-")))  # a socket's path must be short
    yield made
    made.close()


GARBAGE = {
    "nothing": b"",
    "a letter": b"H",
    "no msgpack": b"H\xff\xff",
    "a hello without a seal": b"H" + msgpack.packb({"to": "mouth", "listener": "ear", "positions": {}, "again": True}),
    "a hello with another seal": seal(b"another", UP, {"to": "mouth", "listener": "x", "positions": {}, "again": True}),
    "a greeting that comes back": seal(SECRET, DOWN, {"sender": "mouth", "kinds": {}}),
    "10 MB that are not msgpack": b"H" + bytes(10_000_000),
    "a long subscription": b"\1@" + b"x" * 10_000,
    "no text": b"\1@\xff\xfe\0",
    "another letter": b"Z",
}


@pytest.mark.parametrize("socket", ["links", "tap"])
@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
def test_a_listeners_garbage_changes_nothing(meeting: Meeting, garbage: bytes, socket: str) -> None:
    stranger = meeting.stranger(zmq.XSUB)
    stranger.connect(f"ipc://{meeting.folder}/mouth.{socket}")
    for _ in range(6):
        stranger.send(garbage)
    meeting.mouth.say(Number(0, 0, 7))
    assert meeting.until(lambda: meeting.stream.received == 1)
    meeting.ear.acknowledge({("mouth", "number"): 1})
    assert meeting.until(lambda: len(meeting.outbox) == 0)
    if garbage[:1] in (b"H", b"Z") and len(garbage) < 1000:
        assert meeting.until(lambda: meeting.mouth.lost.get(STRANGERS, 0) >= 6)


def message(run: str = "run", sender: str = "mouth", number: int = 0, value: object = 13) -> list[codec.Frame]:
    return codec.encode(b"number", [run, sender, 0, number, 0, 0], [0, number, value])


SAID = {
    "no message": [b"number\0\xff"],
    "a topic that is no text": [b"\xff\xfe\0" + bytes(message()[0])[7:]],
    "of another run": message(run="another"),
    "of nobody": message(sender="nobody"),
    "a private topic alone": [b"@ear\0"],
    "a greeting of nothing": [b"@ear\0", b"\0"],
    "a greeting without a seal": [b"@ear\0", b"\0" + msgpack.packb({"sender": "mouth", "kinds": {}})],
    "a greeting with another seal": [b"@ear\0", seal(b"another", DOWN, {"sender": "mouth", "kinds": {}})],
    "a large greeting": [b"@ear\0", b"\0" + bytes(SEAL_BYTES) + b"\xdd\0\7\xff\xff" + b"\x90" * (2**19 - 1)],
}


@pytest.mark.parametrize("frames", SAID.values(), ids=SAID.keys())
def test_a_speakers_garbage_is_dropped_and_counted(meeting: Meeting, frames: list[codec.Frame]) -> None:
    """It was said by one who stands where the speaker stood."""
    meeting.mouth.say(Number(0, 0, 7))
    assert meeting.until(lambda: meeting.stream.received == 1)
    meeting.silence()
    impostor = meeting.stranger(zmq.XPUB)
    impostor.bind(f"ipc://{meeting.folder}/mouth.links")
    while impostor.poll(0) == 0 or impostor.recv() != b"\1@ear\0":
        meeting.ear.receive(0.01)
    for _ in range(6):
        impostor.send_multipart(frames)
        if frames[0] != b"@ear\0":
            impostor.send_multipart([b"@ear\0", *frames])  # as a message that is said again
    assert meeting.until(lambda: meeting.ear.lost.get(STRANGERS, 0) >= 6)
    impostor.close()
    meeting.mouth = meeting.speaking(SECRET)
    meeting.mouth.say(Number(0, 1, 8))
    assert meeting.until(lambda: meeting.stream.received == 2)


UNSEALED = ["no message", "of another run"]
"""What an observer can tell: it does not know the secret."""


@pytest.mark.parametrize("frames", [SAID[name] for name in UNSEALED], ids=UNSEALED)
def test_an_observer_drops_a_speakers_garbage_and_goes_on(meeting: Meeting, frames: list[codec.Frame]) -> None:
    """`topic echo` and `bag record` hear through a tap."""
    impostor = meeting.stranger(zmq.XPUB)
    impostor.bind(f"ipc://{meeting.folder}/nobody.tap")
    tap = Tap("run", meeting.folder, ["nobody"], ["number"])
    try:
        impostor.recv()  # its subscription
        impostor.send_multipart(frames)
        impostor.send_multipart(message())
        assert tap.receive(10) is None
        arrival = tap.receive(10)
        assert arrival and arrival.fields == [0, 0, 13] and tap.lost == {STRANGERS: 1}
    finally:
        tap.close()


def test_who_has_not_proved_to_be_of_the_run_is_not_listened_to(meeting: Meeting) -> None:
    meeting.silence()
    meeting.mouth = meeting.speaking(b"guessed")
    for number in range(3):
        meeting.mouth.say(Number(0, number, 666))
    assert meeting.until(lambda: STRANGERS in meeting.ear.lost)
    meeting.until(lambda: False, turns=10)
    assert meeting.stream.received == 0 and meeting.mouth.speaker.met == set()


def test_who_is_of_the_run_and_says_what_does_not_fit_is_an_error(meeting: Meeting) -> None:
    meeting.mouth.say(Number(0, 0, 7))
    assert meeting.until(lambda: meeting.stream.received == 1)
    meeting.mouth.send("number", message(number=1, value="one"))
    with pytest.raises(TypeError, match=r"Number.value: expected int, found str 'one'"):
        meeting.until(lambda: False)


def test_the_secret_is_never_said(meeting: Meeting) -> None:
    told = seal(SECRET, DOWN, {"sender": "mouth", "kinds": {"number": fingerprint(Number)}})
    assert SECRET not in told and told != seal(b"another", DOWN, {"sender": "mouth"})
