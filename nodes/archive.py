"""Weights on the way to the final ones, kept for later."""

from __future__ import annotations

from tutelage import Message, Node
from tutelage.files.weights import keep
from tutelage.messages import Weights


class Archive(Node):
    """Writes the weights of every `every`-th version into the run's folder `kept`."""

    hears = (Weights,)
    order = "arrival"

    def __init__(self, every: int) -> None:
        self.every = every

    def hear(self, message: Message) -> None:
        assert isinstance(message, Weights)
        if message.policy_version and message.policy_version % self.every == 0:
            keep(self.run_dir, message.policy_version, message.tensors.tobytes())
