"""Observations to actions, by the newest weights that logical time allows. Runs without torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tutelage import Message, Node
from tutelage.input.problems import Problem, Refusal
from tutelage.learning.acting import act, spaces_of
from tutelage.learning.draws import Share, generator
from tutelage.messages import Action, Observation, Weights
from tutelage.tensors import unpacked


class Policy(Node):
    """Answers each observation with a sampled action, or with the most likely one if `greedy`.

    The weights of a rollout come before its first observation, so a policy without them waits. This keeps the
    simulator from running ahead of the learner.

    Beside the `part`-th of `parts` simulators it draws what one policy for all copies of the environment would draw.
    """

    hears = (Observation, Weights)
    says = (Action,)
    keeps = ("file", "version")

    def __init__(self, seed: int = 0, greedy: bool = False, part: int = 0, parts: int = 1) -> None:
        self.seed, self.greedy, self.part, self.parts = seed, greedy, part, parts
        self.version = 0
        self.file = b""

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Weights):
            self.done = message.stop
            self._use(message.tensors.tobytes(), message.policy_version)
        elif isinstance(message, Observation):
            if message.observation.shape[1] != self.inputs:
                raise Refusal([Problem("policy", self._unfit(message.observation.shape[1]))])
            draw = None if self.greedy else self._draws("action", message)
            action, log_prob = act(self.tensors, message.observation, draw)
            yield Action(message.rollout, message.step, action=action, log_prob=log_prob, policy_version=self.version)

    def _draws(self, purpose: str, message: Message) -> Share:
        return Share(generator(self.seed, "policy", purpose, message.rollout, message.step), self.part, self.parts)

    def _use(self, file: bytes, version: int) -> None:
        self.file, self.version = file, version
        self.tensors = unpacked(f"weights of version {version}", file)
        self.inputs = spaces_of(self.tensors).observation

    def _unfit(self, numbers: int) -> str:
        learned = f"was learned from {self.inputs} numbers an observation"
        return f"{learned}, but here it has {numbers}: it is of another task"

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        if self.file:
            self._use(self.file, self.version)


class LivePolicy(Policy):
    """Answers by the newest weights that have arrived: a robot does not wait for a learner."""

    order = "arrival"

    def hear(self, message: Message) -> Iterator[Message]:
        if self.file or isinstance(message, Weights):  # without weights it gives no answer, and the robot stays safe
            yield from super().hear(message)
