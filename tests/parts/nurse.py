"""Who looks after a stopped machine, for tests."""

import time
from collections.abc import Iterator

from tutelage import Message, Node
from tutelage.messages import Order, Safety


class Nurse(Node):
    """Arms it again whenever it has stopped, after a while in which nothing may move."""

    hears = (Safety,)
    says = (Order,)
    order = "arrival"
    clock = realtime = True

    def __init__(self, seconds: float = 0.3) -> None:
        self.seconds, self.at = seconds, float("inf")

    def hear(self, message: Message) -> None:
        assert isinstance(message, Safety)
        self.at = time.monotonic() + self.seconds if message.state in ("stopped", "fault") else float("inf")

    def due(self) -> float:
        return self.at

    def tick(self) -> Iterator[Message]:
        self.at = float("inf")
        yield Order(0, 0, "arm", "all clear")
