"""A node receives messages and publishes messages. It never touches the bus.

    class Doubler(Node):
        \"\"\"Publishes twice each number.\"\"\"
        hears = (Number,)
        says = (Number,)

        def __init__(self, factor: float = 2.0) -> None:
            self.factor = factor

        def hear(self, message: Message) -> Iterator[Message]:
            yield Number(message.rollout, message.step, value=self.factor * message.value)

A launch file may set the constructor's parameters, with their types and defaults. `keeps` names what the node must
remember from one message to the next. Then it can be killed at any moment and continues where it was.
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
from tutelage.setting import Setting
from tutelage.transport.inbox import Ordering

Ranges = Mapping[str, tuple[float, float]]
"""Names of settings, and the least and the greatest value of each."""

NEEDS = {
    "due": "clock",
    "tick": "clock",
    "warn": "screen",
    "interrupt": "interruptible",
    "steer": "steerable",
    "ask": "steers",
}
"""The declaration without which a method is never called."""


class Node(Memory):
    """Base of all nodes.

    Attributes:
        keeps: names of the attributes that it must remember from one message to the next (memory.py).
        hears: message types it subscribes to.
        may_hear: further types it subscribes to if a node of the launch file publishes them; `Message` stands for all
            topics in its namespace and in those below.
        hears_in: the namespace, below its own, in which it hears them, if it publishes what it hears.
        exchanges: those of `hears` that it hears while it is `exchanging`, and then these alone. They are in order
            among themselves, by a logical time of their own; all other types, meanwhile, wait.
        says: message types it publishes.
        order: "time" for every node that decides a result; "arrival" for observers, and for nodes that act at once on
            what arrives. Before these say something of free cadence, they save a checkpoint.
        done: the node sets it to end before its inputs have ended.
        observer: it may miss messages, which are counted, and no node waits for it.
        realtime: it acts on the world, which does not wait: it saves no checkpoint and is not restarted.
        clock: it acts by the clock: `due` says when, `tick` acts.
        interruptible: `interrupt` changes what it publishes, so that a recording cannot verify what follows.
        inherits: parameters that name the folder of another run, and the file in it that the node begins with. The run
            copies the file; the node reads only the copy.
        writes: it writes results in the run's folder, so it stays at the launcher: of two lives of a machine that Ray
            chooses, both would write the same files.
        screen: it prints to the launcher's terminal, not to a log; `warn` tells it what is wrong with the run.
        Settings: the dataclass of its settings, if it has some.
        steerable: those of its settings and parameters that may change while it runs. `steer` changes one.
        only_lowered: those of them that never exceed the parameter of their name, as the launch file sets it.
        steered: those that were changed.
        obeys: message types that people may publish to it, too, while it runs (`topic pub`).
        steers: `ask` tells it what people want to be published. It also says the types that the other nodes obey.
        name: its name in the graph.
        run_dir: the run's folder, for nodes that write files.
        beside: its checkpoint's path without the suffix. Files that belong to the checkpoint have names that begin so.
        unkept: why its checkpoint cannot be saved at the moment, for example a full disk; empty if it can. Meanwhile
            the node must not tell people that something is safe.
    """

    hears: ClassVar[tuple[type[Message], ...]] = ()
    hears_in: ClassVar[str] = ""
    may_hear: ClassVar[tuple[type[Message], ...]] = ()
    exchanges: ClassVar[tuple[type[Message], ...]] = ()
    exchanging: bool = False
    says: ClassVar[tuple[type[Message], ...]] = ()
    order: ClassVar[Ordering] = "time"
    observer: ClassVar[bool] = False
    realtime: ClassVar[bool] = False
    clock: ClassVar[bool] = False
    interruptible: ClassVar[bool] = False
    inherits: ClassVar[Mapping[str, str]] = {}
    writes: ClassVar[bool] = False
    screen: ClassVar[bool] = False
    Settings: ClassVar[Any] = None
    steerable: ClassVar[Ranges] = {}
    only_lowered: ClassVar[tuple[str, ...]] = ()
    obeys: ClassVar[tuple[type[Message], ...]] = ()
    steers: ClassVar[bool] = False
    done: bool = False
    steered: dict[str, float] = {}
    name: str = ""
    run_dir: Path = Path()
    beside: Path = Path("node")
    unkept: str = ""

    def __init_subclass__(cls) -> None:
        """Refuses methods that would never be called, because the class does not declare what they need."""
        for method, declaration in NEEDS.items():
            if method in vars(cls) and not getattr(cls, declaration):
                raise TypeError(f"{cls.__name__} has {method}(), which is called where it says {declaration} = True")
        if cls.steerable and "steered" not in cls.keeps:
            cls.keeps = (*cls.keeps, "steered")
        from_people: tuple[type[Message], ...] = (Setting, *cls.obeys) if cls.steerable else cls.obeys
        cls.may_hear = (*cls.may_hear, *(one for one in from_people if one not in (*cls.hears, *cls.may_hear)))

    @property
    def ending(self) -> bool:
        """Whether the next message may use up the budget of the run. Before that all nodes save a checkpoint."""
        return False

    def lacks(self, unsaid: frozenset[type[Message]]) -> None:
        """Called before the run begins, with the types of `may_hear` that no node of the launch file publishes.

        Raises:
            Refusal: the node cannot work without them.
        """

    def start(self) -> Iterable[Message]:
        """What the node publishes first. Not called when it is restored from a checkpoint."""
        return ()

    def hear(self, message: Message) -> Iterable[Message] | None:
        """What the node publishes in answer to a message."""
        raise NotImplementedError

    def due(self) -> float:
        """When `tick` must be called next, in seconds of the monotonic clock (`clock`)."""
        return math.inf

    def tick(self) -> Iterable[Message]:
        """What the node publishes when it is due."""
        return ()

    def finish(self) -> Iterable[Message]:
        """What the node publishes when its inputs have ended, or when it is ended before that."""
        return ()

    def close(self) -> None:
        """Releases devices and files: the last call in its process, also after an error."""

    def warn(self, sentences: list[str]) -> None:
        """Called with all that is wrong with the run, whenever that changes (`screen`)."""

    @classmethod
    def ranges(cls, parameters: Mapping[str, Any]) -> Ranges:
        """The least and the greatest value of each `steerable` setting, in a node with these parameters."""
        given = {name: parameters[name] for name in cls.only_lowered if name in parameters}
        return {name: (least, min(most, given.get(name, most))) for name, (least, most) in cls.steerable.items()}

    def steer(self, setting: str, value: float) -> None:
        """Gives a setting another value, from now on (`steerable`)."""

    def ask(self, topic: str, fields: dict[str, Any]) -> None:
        """Called when a person wants a message, of this type's own topic and with these fields (`steers`)."""

    def set(self, change: Setting) -> None:
        """Steers, if the change is meant for this node."""
        if change.node == self.name and change.setting in self.steerable:
            self.steered = {**self.steered, change.setting: change.value}
            self.steer(change.setting, change.value)

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        for setting, value in self.steered.items():
            self.steer(setting, value)

    def interrupt(self) -> None:
        """The run was interrupted: the node must end soon, in good order (`interruptible`)."""

    def halt(self) -> None:
        """The run is about to end: a resume from the next checkpoint undoes what follows it, files included.

        If a node is killed instead, a restart restores an earlier state, and what it wrote to files since stays true.
        """


class RecordingNode(Node):
    """A node that records messages as they arrive. Senders keep them until it has acknowledged them."""

    writes = True

    def witness(self, kind: type[Message], topic: str, header: Header, fields: Sequence[Any]) -> None:
        """Called with each message and promise as it arrives, before `hear`."""
        raise NotImplementedError

    def missed(self, sender: str, topic: str, following: int) -> None:
        """Called when messages before this sequence number are lost for good."""

    def lost(self) -> dict[str, int]:
        """How many messages it could not record, by topic."""
        return {}


def parameters(kind: type) -> dict[str, inspect.Parameter]:
    """The parameters of a node's or driver's constructor."""
    signature = inspect.signature(kind, eval_str=True)
    return dict(signature.parameters)
