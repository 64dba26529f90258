"""How long the ball stays on the beam: a node of one's own, named as `balance.steadiness:Steadiness`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from tutelage import Message, Node
from tutelage.messages import Episode, Metrics


class Steadiness(Node):
    """Says after each of the policy's episodes for how many seconds it kept the ball, as a mean of the last ones."""

    hears = (Episode,)
    says = (Metrics,)
    keeps = ("lengths",)

    def __init__(self, step_seconds: float = 0.05, episodes: int = 50) -> None:
        self.step_seconds = step_seconds
        self.lengths: deque[int] = deque(maxlen=episodes)

    def hear(self, message: Message) -> Iterator[Message]:
        assert isinstance(message, Episode)
        if message.actor == "policy":
            self.lengths.append(message.length)
            held = self.step_seconds * sum(self.lengths) / len(self.lengths)
            yield Metrics(message.rollout, message.step, {"balance/seconds_held": held})
