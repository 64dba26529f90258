"""Output commit (Elnozahy et al. 2002): a message that a restart could change is saved before it is sent.

A node that is ordered by arrival may publish something else after a restart. So its messages of free cadence, for
example a verdict, wait for a checkpoint. Messages to a robot, for example a stop, wait for no disk.

If no checkpoint can be saved, for example on a full disk, a patient node stands still until one can: it sends nothing,
hears nothing and answers no listener, who could ask for what is withheld. A robot and a person do not wait, so nodes
that speak to a robot or act by the clock go on, and what these have sent may be lost if they are killed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from tutelage.codec import Frame
from tutelage.message import Message
from tutelage.transport.bus import Bus


class OutputCommit:
    """Publishes a node's messages.

    Args:
        urgent: the topics that robots hear.
        save: saves a checkpoint, which survives a power cut if its argument is true; returns whether it did.
        clock: the node acts by the clock.

    Attributes:
        withheld: what has to be sent once a checkpoint is saved.
    """

    def __init__(self, bus: Bus, urgent: Collection[str], save: Callable[[bool], bool], clock: bool) -> None:
        self.bus, self.save, self._patient = bus, save, not (clock or urgent)
        self.withheld: list[tuple[str, list[Frame]]] = []
        self._urgent = {kind for kind, topic in bus.speaker.topics.items() if topic in urgent}

    def publish(self, messages: Iterable[Message]) -> None:
        """Sends the urgent messages at once, the others after the checkpoint that they need, if it can be saved."""
        messages = list(messages)
        others = [message for message in messages if type(message) not in self._urgent]
        for message in messages:
            if type(message) in self._urgent:
                self.bus.say(message)
        unsaved = bool(self.withheld)
        self.withheld += [pair for message in others for pair in self.bus.note(message)]
        if any(message.cadence == "free" for message in messages):
            unsaved = not self.save(any(message.cadence == "free" for message in others))
        if not (unsaved and self._patient):
            self.flush()

    def flush(self) -> None:
        """Sends what was withheld."""
        for topic, frames in self.withheld:
            self.bus.send(topic, frames)
        self.withheld = []
