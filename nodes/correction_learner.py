"""Learns from a person's interventions while the robot goes on (HG-DAgger, Kelly et al. 2019, arXiv 1810.02890)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tutelage import Message, Node
from tutelage.drivers.robot import load
from tutelage.finite import FINITE, check_all
from tutelage.input.problems import Problem, Refusal
from tutelage.input.settings import chosen
from tutelage.learning.bc import BC, Settings
from tutelage.learning.draws import generator
from tutelage.learning.rollout import Demonstration
from tutelage.messages import Metrics, Take, Weights
from tutelage.tasks.finished_run import read
from tutelage.tasks.task import Task
from tutelage.teaching.formats import files
from tutelage.tensors import packed

SETTLE_SECONDS = 0.2
"""after an intervention, in which others that wait are taken along"""

NOTHING_KEPT = "holds no kept episode: with interventions alone the policy would forget all else"


class CorrectionLearner(Node):
    """Clones the demonstrations and all kept interventions anew, in `epochs` epochs, when there is another one.

    Until the first intervention it publishes the weights of the run `policy`. `demonstrations` is the file that this
    policy was learned from, or any other of the task: with interventions alone it would forget all else.
    """

    hears = (Take,)
    says = (Weights, Metrics)
    order = "arrival"
    clock = True
    keeps = ("corrections", "version", "file", "behind")
    inherits: ClassVar[dict[str, str]] = {"policy": "weights.safetensors"}

    def __init__(
        self,
        robot: str,
        policy: str,
        demonstrations: str,
        seed: int = 0,
        epochs: int = 40,
        settings: dict[str, Any] | None = None,
    ) -> None:
        self.task = Task(load(Path(robot)).task.env)
        self.seed, self.epochs, self.settings = seed, epochs, chosen(Settings, settings)
        self.shown = [self._learnable(one) for one in files.kept(files.read(demonstrations, self.task))]
        if not self.shown:
            raise Refusal([Problem(demonstrations, NOTHING_KEPT)])
        self.file = read(Path(policy))
        self.version = 0
        self.behind = False  # an intervention has come that was not learned from
        self.begins = 0.0  # when it is learned from, in seconds of the monotonic clock
        self.corrections: dict[int, list[Any]] = {}  # fields of a Demonstration, by the number of the take

    def start(self) -> Iterator[Message]:
        yield self._weights()

    def hear(self, message: Message) -> None:
        assert isinstance(message, Take)
        self.corrections.pop(message.take, None)
        if message.verdict == "kept":
            ends = message.terminated, message.truncated
            self.corrections[message.take] = [message.observation, message.action, *ends, 0]
        self.behind, self.begins = True, time.monotonic() + SETTLE_SECONDS

    def due(self) -> float:
        return self.begins if self.behind else float("inf")

    def tick(self) -> Iterator[Message]:
        if self.behind:
            yield from self._learn()

    def finish(self) -> Iterator[Message]:
        yield from self.tick()
        yield self._weights(final=True)

    def _learn(self) -> Iterator[Message]:
        corrections = [Demonstration(*fields) for fields in self.corrections.values()]
        cloner = BC(self.task.spaces.without_bounds, self.seed, self.settings)
        for one in (*self.shown, *corrections):
            cloner.add(one)
        self.version, self.behind = self.version + 1, False
        for epoch in range(self.epochs):
            metrics = cloner.epoch(generator(self.seed, "corrections", self.version, epoch), epoch / self.epochs)
        check_all(f"version {self.version}", metrics | cloner.adam.state(), FINITE)
        self.file = packed(f"weights of version {self.version}", cloner.tensors()).tobytes()
        yield self._weights()
        counted = {"corrections": len(corrections), "corrected_steps": sum(len(one.action) for one in corrections)}
        more = {f"dagger/{name}": float(count) for name, count in counted.items()}
        yield Metrics(self.version, 0, values=metrics | more)

    def _learnable(self, one: Any) -> Demonstration:
        action = self.task.spaces.from_task(one.action)
        return Demonstration(one.observation.astype(np.float32), action, one.terminated, one.truncated)

    def _weights(self, final: bool = False) -> Message:
        tensors = np.frombuffer(self.file, np.uint8)
        version = self.version + final
        return Weights(version, 0, self.version, tensors, environment_steps=0, stop=final, final=final)
