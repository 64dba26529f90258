"""Between machines only those with the run's key hear or say anything, and who is refused is in the log."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import zmq

from tutelage import Message
from tutelage.transport import sockets
from tutelage.transport.bus import Bus, Who
from tutelage.transport.curve import Key
from tutelage.transport.inbox import Inbox, Stream
from tutelage.transport.outbox import Outbox
from tutelage.transport.places import Place, Places
from tutelage.transport.tap import Tap


class Number(Message, cadence="step"):
    """mouth -> ear: the next number."""

    value: int


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Two:
    """A mouth on one machine and an ear on another, each with a socket folder of its own."""

    def __init__(self, folder: Path) -> None:
        ports = free_ports(4)
        self.key = Key.new()
        self.nodes = {
            name: Place(name, *(f"tcp://127.0.0.1:{ports.pop()}" for _ in range(2))) for name in ("mouth", "ear")
        }
        self.folders = {name: folder / name for name in self.nodes}
        for name, own in self.folders.items():
            own.mkdir()
            Places(name, self.key, self.nodes).write(own)
        self.stream = Stream("mouth", Number)
        self.outbox = Outbox({"ear": ["number"]})
        self.mouth, self.ear = self.speak(), self.bus("ear", Inbox([self.stream]), {}, Outbox({}))

    def speak(self) -> Bus:
        return self.bus("mouth", Inbox([]), {Number: "number"}, self.outbox)

    def bus(self, name: str, inbox: Inbox, topics: dict[type[Message], str], outbox: Outbox) -> Bus:
        return Bus(Who("run", name, 0, b"of the run"), self.folders[name], inbox, topics, outbox)

    def until(self, holds: Callable[[], bool], turns: int = 500) -> bool:
        for _ in range(turns):
            if holds():
                return True
            self.mouth.receive(0.005)
            self.ear.receive(0.005)
        return holds()


@pytest.fixture
def two() -> Iterator[Two]:
    folder = Path(tempfile.mkdtemp(prefix="curve-"))  # a socket's path must be short
    made = Two(folder)
    yield made
    made.mouth.close()
    made.ear.close()
    shutil.rmtree(folder)


def test_what_is_said_on_one_machine_is_heard_on_the_other_after_a_restart_too(two: Two) -> None:
    two.mouth.say(Number(0, 0, 7))
    assert two.until(lambda: two.stream.received == 1)
    assert not (two.folders["ear"] / "mouth.links").exists()  # so it came by tcp
    two.mouth.close()
    two.outbox.load(two.outbox.state())
    two.mouth = two.speak()
    two.mouth.say(Number(0, 1, 8))
    assert two.until(lambda: two.stream.received == 2)


def test_who_speaks_from_another_machine_now_is_followed(two: Two) -> None:
    tap = Tap("run", two.folders["ear"], ["mouth"], ["number"])
    two.mouth.say(Number(0, 0, 7))
    assert two.until(lambda: two.stream.received == 1)
    with closing(two.mouth):  # it goes on where it was, unheard
        two.nodes["mouth"] = Place("another", *(f"tcp://127.0.0.1:{port}" for port in free_ports(2)))
        for name in two.nodes:
            Places(name, two.key, two.nodes).write(two.folders[name])
        two.outbox.load(two.outbox.state())
        two.mouth = two.speak()
        two.mouth.say(Number(0, 1, 8))
        assert two.until(lambda: two.stream.received == 2)
        assert tap.receive(0) is None
        assert two.until(lambda: b"number" in two.mouth.speaker.tap.tapped)
        two.mouth.say(Number(0, 2, 9))
        arrival = tap.receive(5)
        assert arrival is not None and arrival.fields == [0, 2, 9]
    tap.close()


def test_observers_hear_it_too(two: Two) -> None:
    tap = Tap("run", two.folders["ear"], ["mouth"], ["number"])
    assert two.until(lambda: b"number" in two.mouth.speaker.tap.tapped)
    two.mouth.say(Number(0, 0, 7))
    arrival = tap.receive(5)
    assert arrival is not None and arrival.fields == [0, 0, 7]
    tap.close()


def no_key(_: zmq.Socket[bytes], __: Key) -> None:
    return


def unknown_key(stranger: zmq.Socket[bytes], run: Key) -> None:
    claim(stranger, run.public, Key.new())


def stolen_public_key(stranger: zmq.Socket[bytes], run: Key) -> None:
    claim(stranger, run.public, Key(run.public, Key.new().secret))


def wrong_key(stranger: zmq.Socket[bytes], _: Key) -> None:
    claim(stranger, Key.new().public, Key.new())


def claim(stranger: zmq.Socket[bytes], server: str, key: Key) -> None:
    stranger.curve_serverkey = bytes.fromhex(server)
    stranger.curve_publickey, stranger.curve_secretkey = bytes.fromhex(key.public), bytes.fromhex(key.secret)


@pytest.mark.parametrize(
    "show, why",
    [
        (no_key, "it showed no key, or expected another key here"),
        (unknown_key, "its key is not allowed"),
        (stolen_public_key, "it showed no key, or expected another key here"),
        (wrong_key, "it showed no key, or expected another key here"),
    ],
)
@pytest.mark.parametrize("door", ["links", "tap"])
def test_who_has_not_the_key_hears_nothing_says_nothing_and_is_in_the_log(two: Two, capfd, show, why, door) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    stranger = context.socket(zmq.XSUB)
    stranger.setsockopt(zmq.RECONNECT_IVL, 50)
    show(stranger, two.key)
    stranger.send(b"\1")  # everything
    stranger.connect(getattr(two.nodes["mouth"], door))
    stranger.send(b"Hello")
    two.mouth.say(Number(0, 0, 7))
    printed = ""

    def refused() -> bool:
        nonlocal printed
        printed += capfd.readouterr().err
        return why in printed

    assert two.until(refused)
    assert "refused at" in printed
    two.mouth.say(Number(0, 1, 8))
    assert two.until(lambda: two.stream.received == 2)
    assert not stranger.poll(0)
    assert two.mouth.lost == {}  # what a stranger says is not even counted
    context.destroy(linger=0)


def test_the_log_names_the_address_of_who_is_refused(two: Two, capfd) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    stranger = context.socket(zmq.SUB)
    unknown_key(stranger, two.key)
    stranger.connect(two.nodes["mouth"].links)
    assert two.until(lambda: "127.0.0.1 (its key is not allowed)" in capfd.readouterr().err)
    context.destroy(linger=0)


def test_an_ear_takes_nothing_from_a_mouth_without_the_key(two: Two, capfd) -> None:
    two.mouth.close()
    false = Key.new()
    Places("mouth", false, two.nodes).write(two.folders["mouth"])
    two.mouth = two.speak()
    two.mouth.say(Number(0, 0, 7))
    assert two.until(lambda: "expected another key here" in capfd.readouterr().err)
    assert two.stream.received == 0 and not two.mouth.speaker.met


def test_nothing_binds_where_others_can_reach_it_without_keys() -> None:
    context = sockets.Context()
    for where in ("tcp://127.0.0.1:0", "tcp://*:0"):
        with pytest.raises(PermissionError, match="must be guarded by keys"):
            sockets.publisher(context, [where])
    context.destroy(linger=0)


def test_hundreds_of_attempts_disturb_nobody_else(two: Two, capfd) -> None:
    host, port = two.nodes["mouth"].links.removeprefix("tcp://").split(":")
    for number in range(50):
        for _ in range(8):
            with socket.create_connection((host, int(port))) as stranger:
                stranger.sendall(b"\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL" + bytes(48))
        two.mouth.say(Number(0, number, number))
    assert two.until(lambda: two.stream.received == 50)
    assert two.until(lambda: "refused at" in capfd.readouterr().err)
