"""Nodes that do not live long, for tests of the supervisor."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from tutelage import Message, Node
from tutelage.input.problems import Problem, Refusal


class Number(Message, cadence="step"):
    """counter -> adder: the next number."""

    value: Annotated[NDArray[np.int64], "one"]


class Echo(Message, cadence="step"):
    """echoer -> server: the number that it heard."""

    value: Annotated[NDArray[np.int64], "one"]


class Wish(Message, cadence="free"):
    """orderer -> machine: what somebody wants at once."""

    word: str


class Note(Message, cadence="free"):
    """orderer -> whoever writes it down: what was wanted."""

    word: str


class Dead(Node):
    """Dies at every start."""

    def start(self) -> Iterator[Message]:
        raise RuntimeError("this node cannot live")


class Idle(Node):
    """Never ends by itself."""

    hears = (Number,)

    def hear(self, message: Message) -> None:
        pass


class Server(Node):
    """Says a number for each echo of the last, until there is a file; then a word."""

    hears, says = (Echo,), (Number, Wish)

    def __init__(self, enough: str) -> None:
        self.enough = enough

    def start(self) -> Iterator[Message]:
        yield Number(0, 0, np.zeros(1, np.int64))

    def hear(self, message: Message) -> Iterator[Message]:
        assert isinstance(message, Echo)
        self.done = os.path.exists(self.enough)
        yield Wish(0, message.step, "end") if self.done else Number(0, message.step + 1, message.value + 1)


class Echoer(Node):
    """Says each number again."""

    hears, says = (Number,), (Echo,)

    def hear(self, message: Message) -> Iterator[Message]:
        assert isinstance(message, Number)
        yield Echo(0, message.step, message.value)


class Patient(Node):
    """Waits for the last word."""

    hears = (Wish,)

    def hear(self, message: Message) -> None:
        pass


class Mute(Idle):
    """Waits until it is interrupted for what its like says, and says nothing itself."""

    says = (Number,)
    interruptible = True

    def interrupt(self) -> None:
        self.done = True


class Deaf(Node):
    """Says one number, then heeds nobody."""

    says = (Number,)

    def start(self) -> Iterator[Message]:
        yield Number(0, 0, np.zeros(1, np.int64))
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(1)


class Clock(Node):
    """Says a number every 2 ms by the clock until `count`, whoever listens; each fills so many bytes."""

    says = (Number,)
    clock = realtime = True

    def __init__(self, count: int = 500, fill: int = 8) -> None:
        self.count, self.fill, self.said = count, fill, 0
        self.begin = time.monotonic()

    def due(self) -> float:
        return self.begin + 0.002 * self.said

    def tick(self) -> Iterator[Message]:
        yield Number(0, self.said, np.full(self.fill // 8, self.said))
        self.said += 1
        self.done = self.said == self.count


class Machine(Clock):
    """Notes that it was interrupted, and goes on; takes 20 ms to let go of what it holds, and notes that it has."""

    interruptible = True

    def __init__(self) -> None:
        super().__init__(count=10**9)

    def interrupt(self) -> None:
        (self.run_dir / "interrupted").touch()

    def close(self) -> None:
        time.sleep(0.02)
        (self.run_dir / "closed").write_text("in good order")


class Metronome(Clock):
    """Says 5,000 numbers a second until `enough` is in its folder, and leaves there when it said each, in ns."""

    def __init__(self) -> None:
        super().__init__(count=10**9)
        self.times: list[int] = []

    def due(self) -> float:
        return self.begin + 0.0002 * self.said

    def tick(self) -> Iterator[Message]:
        self.times.append(time.monotonic_ns())
        yield from super().tick()
        self.done = (self.run_dir / "enough").exists()

    def close(self) -> None:
        np.save(self.run_dir / "times.npy", self.times)


class Follower(Node):
    """Hears numbers, dies once at `dies_at` or the next that comes, and takes `away_seconds` to come back."""

    hears = (Number,)
    keeps = ("numbers",)

    def __init__(self, dies_at: int = -1, marker: str = "", away_seconds: float = 0.0) -> None:
        self.dies_at, self.marker = dies_at, marker
        self.numbers: list[int] = []
        if os.path.exists(marker):
            time.sleep(away_seconds)

    def hear(self, message: Message) -> None:
        assert isinstance(message, Number)
        self.numbers.append(int(message.value[0]))
        if 0 <= self.dies_at <= self.numbers[-1] and not os.path.exists(self.marker):
            open(self.marker, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)

    def finish(self) -> tuple[Message, ...]:
        (self.run_dir / "numbers").write_text(" ".join(map(str, self.numbers)))
        return ()


class Counter(Node):
    """Says the numbers up to `count`, and dies once at `dies_at` where it is in its first life."""

    says = (Number,)

    def __init__(self, count: int = 1000, dies_at: int = -1, marker: str = "") -> None:
        self.count, self.dies_at, self.marker = count, dies_at, marker

    def start(self) -> Iterator[Message]:
        for i in range(self.count):
            if i == self.dies_at and not os.path.exists(self.marker):
                open(self.marker, "w").close()
                os.kill(os.getpid(), signal.SIGKILL)
            yield Number(0, i, np.full(1, i))


class Waiting(Counter):
    """Says half of its numbers, and the rest once there is a file; it answers nobody while it waits."""

    def __init__(self, file: str, count: int = 1000) -> None:
        super().__init__(count)
        self.file = file

    def start(self) -> Iterator[Message]:
        for number in super().start():
            while number.step == self.count // 2 and not os.path.exists(self.file):
                time.sleep(0.01)
            yield number


class Hung(Counter):
    """Never answers in its first life: it hangs while it is built."""

    def __init__(self, marker: str, count: int = 1000) -> None:
        super().__init__(count)
        while not os.path.exists(marker):
            open(marker, "w").close()
            time.sleep(1e6)


class Busy(Counter):
    """Computes for so long in its first life before it says anything, without an answer to anybody."""

    def __init__(self, marker: str, seconds: float) -> None:
        super().__init__()
        self.marker, self.seconds = marker, seconds

    def start(self) -> Iterator[Message]:
        until = time.monotonic() + (0.0 if os.path.exists(self.marker) else self.seconds)
        open(self.marker, "w").close()
        while time.monotonic() < until:
            pass
        yield from super().start()


class Adder(Node):
    """Writes the sum of what it heard into the run's folder."""

    hears = (Number,)
    keeps = ("total", "count")

    def __init__(self) -> None:
        self.total = self.count = 0

    def hear(self, message: Message) -> None:
        assert isinstance(message, Number)
        self.total += int(message.value[0])
        self.count += 1

    def finish(self) -> tuple[Message, ...]:
        (self.run_dir / "sum").write_text(f"{self.count} {self.total}")
        return ()


class Unsaved(Adder):
    """Cannot save that it has ended, in its first life."""

    def finish(self) -> tuple[Message, ...]:
        in_the_way = Path(f"{self.beside}.checkpoint.new")
        in_the_way.rmdir() if in_the_way.exists() else in_the_way.mkdir()
        return super().finish()


class Holder(Counter):
    """Notes that it has let go of what it holds."""

    def close(self) -> None:
        (self.run_dir / "closed").write_text("in good order")


class Breaking(Node):
    """Hears a number, and breaks."""

    hears = (Number,)

    def hear(self, message: Message) -> None:
        raise RuntimeError("this node cannot hear")


class Refusing(Node):
    """Takes its time to be built, and refuses."""

    def __init__(self) -> None:
        time.sleep(0.3)
        raise Refusal([Problem("refusing", "wants something else")])


class Fickle(Idle):
    """Refuses what it was given when it hears of it."""

    def hear(self, message: Message) -> None:
        raise Refusal([Problem("fickle", "wants it no more")])


class Marking(Node):
    """Leaves a mark as soon as it begins."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def start(self) -> tuple[Message, ...]:
        open(self.mark, "w").close()
        return ()


class Orderer(Node):
    """Says the word that is in the file `wishes/wish`, once; notes it too, if the file is called `wishes/noted`."""

    says = (Wish, Note)
    order = "arrival"
    clock = True

    def __init__(self, wishes: str) -> None:
        self.wishes = Path(wishes)

    def due(self) -> float:
        return 0.0

    def tick(self) -> Iterator[Message]:
        time.sleep(0.001)
        for name in ("wish", "noted"):
            if (self.wishes / name).exists() and (word := (self.wishes / name).read_text()):  # it is written by now
                (self.wishes / name).unlink()
                self.done = word == "end"
                yield Wish(0, 0, word)
                if name == "noted":
                    yield Note(0, 0, word)


class Secretary(Node):
    """Notes what is wished, and in which life it did so. It cannot save in its first, and marks the fourth attempt."""

    hears, says = (Wish,), (Note,)
    order = "arrival"
    attempts = 0

    def state(self) -> dict[str, Any]:
        self.attempts += 1
        if self.attempts == 4:
            (self.run_dir / "tried").touch()
        return super().state()

    def hear(self, message: Message) -> Iterator[Message]:
        assert isinstance(message, Wish)
        in_the_way = Path(f"{self.beside}.checkpoint.new")
        in_the_way.rmdir() if in_the_way.exists() else in_the_way.mkdir()
        yield Note(0, 0, f"{message.word}, by {os.getpid()}")


class Obedient(Node):
    """Acts on the world: writes down what is wished."""

    hears = (Wish,)
    order = "arrival"
    realtime = True

    def hear(self, message: Message) -> None:
        assert isinstance(message, Wish)
        with (self.run_dir / "done").open("a") as file:
            file.write(f"{message.word} ")


class Clerk(Node):
    """Writes down what was noted."""

    hears = (Note,)

    def hear(self, message: Message) -> None:
        assert isinstance(message, Note)
        with (self.run_dir / "notes").open("a") as file:
            file.write(f"{message.word} ")
