"""The control law of examples/javascript/policy.mjs, as a node in Python."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tutelage import Message, Node
from tutelage.messages import Action, Observation, Weights


class Falling(Node):
    """Pushes the cart where the pole falls."""

    hears = (Observation, Weights)
    says = (Action,)
    keeps = ("version",)

    def __init__(self) -> None:
        self.version = 0

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Weights):
            self.version, self.done = message.policy_version, message.stop
        elif isinstance(message, Observation):
            falls = message.observation[:, 2].astype(float) + message.observation[:, 3] > 0
            likelihood = np.zeros(len(falls), np.float32)
            yield Action(message.rollout, message.step, falls.astype(np.int64), likelihood, self.version)
