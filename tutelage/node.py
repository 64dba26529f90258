"""A node: a stream of messages in, a stream of messages out. It never touches the bus.

    class Doubler(Node):
        \"\"\"Says twice what it hears.\"\"\"
        hears = (Number,)
        says = (Number,)

        def __init__(self, factor: float = 2.0) -> None:
            self.factor = factor

        def hear(self, message: Message) -> Iterator[Message]:
            yield Number(message.rollout, message.step, value=self.factor * message.value)

The constructor's parameters, with their types and defaults, are what a launch file may set. Whatever a node must
remember from one message to the next is named in `keeps`; then it can be killed at any moment and comes back where it
was.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tutelage.codec import Header
from tutelage.memory import Memory
from tutelage.message import Message
from tutelage.transport.inbox import Ordering

NEEDS = {"due": "clock", "tick": "clock", "warn": "screen", "interrupt": "interruptible"}
"""Which declaration has a method called."""


class Node(Memory):
    """Base of all nodes.

    Attributes:
        keeps: names of the attributes that it must remember from one message to the next (memory.py).
        hears: message types this node takes in.
        may_hear: further types it takes in where some node of the launch file says them; `Message` stands for all that
            is said in its namespace and in those below.
        says: message types it gives out.
        order: "time" for all that decides a result; "arrival" for nodes that act by the clock, or only look on.
        done: the node sets it to end before its inputs have ended.
        observer: looks on without weight: it may lose messages (they are counted) and never holds up the graph.
        realtime: it acts on the world, which goes on without it: it keeps no checkpoint, and is not started again.
        clock: it acts by the clock: `due` says when, `tick` acts.
        interruptible: `interrupt` changes what it says, so what it says after one cannot be verified by a recording.
        inherits: parameters that name the folder of another run, and the file in it that the node begins with. The run
            keeps a copy, which is all that the node ever reads.
        screen: it prints to the launcher's terminal, not to a log; `warn` tells it what is wrong with the run.
        run_dir: the run's folder, for nodes that write files.
        beside: its checkpoint's path without the suffix: files that its state counts the bytes of begin so.
        unkept: why its checkpoint cannot be kept at the moment, a full disk for one; empty where all is well. Whoever
            tells people that something is safe must not say so then.
    """

    hears: ClassVar[tuple[type[Message], ...]] = ()
    may_hear: ClassVar[tuple[type[Message], ...]] = ()
    says: ClassVar[tuple[type[Message], ...]] = ()
    order: ClassVar[Ordering] = "time"
    observer: ClassVar[bool] = False
    realtime: ClassVar[bool] = False
    clock: ClassVar[bool] = False
    interruptible: ClassVar[bool] = False
    inherits: ClassVar[Mapping[str, str]] = {}
    screen: ClassVar[bool] = False
    done: bool = False
    run_dir: Path = Path()
    beside: Path = Path("node")
    unkept: str = ""

    def __init_subclass__(cls) -> None:
        """Refuses methods that nobody would call, for the class does not declare what they are for."""
        for method, declaration in NEEDS.items():
            if method in vars(cls) and not getattr(cls, declaration):
                raise TypeError(f"{cls.__name__} has {method}(), which is called where it says {declaration} = True")

    def lacks(self, unsaid: frozenset[type[Message]]) -> None:
        """Told before anything begins: those of `may_hear` that no node of the launch file says.

        Raises:
            Refusal: there is nothing to do without them.
        """

    def start(self) -> Iterable[Message]:
        """What the node says before it has heard anything. Not called when it comes back from a checkpoint."""
        return ()

    def hear(self, message: Message) -> Iterable[Message] | None:
        """What the node says to a message."""
        raise NotImplementedError

    def due(self) -> float:
        """When its `tick` is to be called next, in seconds of the monotonic clock (`clock`)."""
        return math.inf

    def tick(self) -> Iterable[Message]:
        """What the node says when its time has come."""
        return ()

    def finish(self) -> Iterable[Message]:
        """What the node says when all it hears has ended, or it is told to leave before that."""
        return ()

    def close(self) -> None:
        """Lets go of what it holds: the last that is called in its process, also after an error."""

    def warn(self, sentences: list[str]) -> None:
        """Told whenever that changes: all that is wrong with the run at the moment (`screen`)."""

    def interrupt(self) -> None:
        """Somebody asked the run to end early: come to an end soon, in good order (`interruptible`)."""

    def halt(self) -> None:
        """The run is about to be interrupted: what comes after the state that is asked for next is undone by a resume.

        A node that is killed instead comes back to an earlier state, and what it wrote into files since is still true.
        """


class RecordingNode(Node):
    """A node that keeps what others say as it comes. All others keep for it what it has not acknowledged yet."""

    def witness(self, kind: type[Message], topic: str, header: Header, fields: Sequence[Any]) -> None:
        """Every message as it comes, promises too, before its turn to be heard."""
        raise NotImplementedError

    def missed(self, sender: str, topic: str, following: int) -> None:
        """What was said before this sequence number, and has not come, will never come."""

    def lost(self) -> dict[str, int]:
        """How many messages it could not keep, by topic; people are told."""
        return {}


def parameters(kind: type) -> dict[str, inspect.Parameter]:
    """A node's parameters (a driver's too): those of its constructor."""
    signature = inspect.signature(kind, eval_str=True)
    return dict(signature.parameters)
