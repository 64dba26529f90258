"""Output commit (Elnozahy et al. 2002): a message that a restart could change is saved before it is sent.

A node that is ordered by arrival may publish something else after a restart. So its messages of free cadence, for
example a verdict, wait for a checkpoint. Messages to a robot, for example a stop, wait for no disk.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from tutelage.message import Message
from tutelage.transport.bus import Bus


class OutputCommit:
    """Publishes a node's messages.

    Args:
        urgent: the topics that robots hear.
        save: saves a checkpoint, which survives a power cut if its argument is true.
    """

    def __init__(self, bus: Bus, urgent: Collection[str], save: Callable[[bool], bool]) -> None:
        self.bus, self.save = bus, save
        self._urgent = {kind for kind, topic in bus.speaker.topics.items() if topic in urgent}

    def publish(self, messages: Iterable[Message]) -> None:
        """Sends the urgent messages at once, the others after the checkpoint that they need."""
        messages = list(messages)
        others = [message for message in messages if type(message) not in self._urgent]
        for message in messages:
            if type(message) in self._urgent:
                self.bus.say(message)
        noted = [pair for message in others for pair in self.bus.note(message)]
        if any(message.cadence == "free" for message in messages):
            self.save(any(message.cadence == "free" for message in others))
        for topic, frames in noted:
            self.bus.send(topic, frames)
