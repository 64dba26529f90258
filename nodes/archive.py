"""Weights on the way to the final ones, kept for later."""

from __future__ import annotations

from tutelage import Message, Node
from tutelage.files.weights import Kept
from tutelage.messages import Weights


class Archive(Node):
    """Writes the weights of every `every`-th version into the run's folder `kept`."""

    hears = (Weights,)
    order = "arrival"
    writes = True
    keeps = ("kept",)

    def __init__(self, every: int) -> None:
        self.every, self.kept = every, Kept()

    def hear(self, message: Message) -> None:
        assert isinstance(message, Weights)
        if message.policy_version and message.policy_version % self.every == 0:
            self.kept.add(self.run_dir, f"{message.policy_version:06}.safetensors", message.tensors.tobytes())

    def finish(self) -> tuple[Message, ...]:
        self.kept.write(self.run_dir)
        return ()
