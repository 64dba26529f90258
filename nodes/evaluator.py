"""Measures returns of the policy in its own environments, with seeds of their own. Nobody learns from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from safetensors.numpy import load

from tutelage import Message, Node
from tutelage.files import durable
from tutelage.files.weights import BEST, Kept
from tutelage.learning.acting import Tensors
from tutelage.message import Promise
from tutelage.messages import Enough, Evaluation, Weights
from tutelage.tasks.aside import aside
from tutelage.tasks.playing import refuse_endless, returns
from tutelage.tasks.task import Env, Task

INTERRUPTED_EPISODES, ENOUGH_EVALUATIONS, STOPPING_EVERY = 10, 3, 2


class Evaluator(Node):
    """Plays `episodes` episodes with the final weights, greedy and sampled.

    Before that it plays `every_episodes`, greedy only, after each `every` versions of the weights (0: never). With
    `keep` it writes the weights with the best mean greedy return so far into the run's folder `kept`,
    and their mean beside them, which no checkpoint undoes.

    It refuses an environment without a time limit if an episode of random actions does not end by itself.
    """

    hears = (Weights,)
    says: ClassVar[tuple[type[Message], ...]] = (Evaluation,)
    interruptible = writes = True
    keeps: ClassVar[tuple[str, ...]] = ("evaluated", "kept")

    def __init__(
        self,
        env: Env,
        episodes: int = 100,
        every: int = 0,
        every_episodes: int = 20,
        seed: int = 0,
        keep: int = 0,
    ) -> None:
        self.task = Task(env)
        self.spaces = self.task.spaces
        refuse_endless(self.task)
        self.seed, self.episodes, self.every, self.every_episodes = seed, episodes, every, every_episodes
        self.keep, self.evaluated, self.kept = keep, 0, Kept()

    def hear(self, message: Message) -> Iterator[Message]:
        assert isinstance(message, Weights)
        due = self.every and message.policy_version >= self.evaluated + self.every
        if message.final or due:
            self.evaluated = message.policy_version
            greedy, sampled = self._returns(load(message.tensors.tobytes()), message.final)
            self._keep_the_best(float(greedy.mean()), message.tensors.tobytes())
            yield Evaluation(
                message.rollout,
                0,
                policy_version=message.policy_version,
                environment_steps=message.environment_steps,
                greedy=greedy,
                sampled=sampled,
                final=message.final,
            )

    def _returns(self, tensors: Tensors, final: bool) -> tuple[np.ndarray, np.ndarray]:
        """Greedy and sampled returns; on the course of the learning no sampled ones."""
        if not final:
            return returns(self.task, tensors, self.every_episodes, self.seed, False, "course"), np.zeros(0)
        sampled = aside(lambda: returns(self.task, tensors, self.episodes, self.seed, True))
        return returns(self.task, tensors, self.episodes, self.seed, False), sampled()

    def _keep_the_best(self, mean: float, file: bytes) -> None:
        known = self.kept.read(self.run_dir, f"{BEST}.json").decode()
        if self.keep and not (known and durable.from_json(known)["return_mean"] >= mean):
            self.kept.add(self.run_dir, f"{BEST}.safetensors", file)
            self.kept.add(self.run_dir, f"{BEST}.json", durable.to_json({"return_mean": mean}).encode())

    def finish(self) -> tuple[Message, ...]:
        self.kept.write(self.run_dir)
        return ()

    def interrupt(self) -> None:
        self.episodes = min(self.episodes, INTERRUPTED_EPISODES)
        self.keep = 0  # a resumed run does not know of this end


class StoppingEvaluator(Evaluator):
    """Ends the run when ENOUGH_EVALUATIONS in a row, before the final one, have a mean greedy return of `enough`.

    Without `every` it evaluates after each STOPPING_EVERY versions. At each rollout the learner waits for this node's
    answer or promise, so that a run stays the same.
    """

    says = (Evaluation, Enough)
    keeps = (*Evaluator.keeps, "row")

    def __init__(
        self,
        env: Env,
        enough: float,
        episodes: int = 100,
        every: int = 0,
        every_episodes: int = 20,
        seed: int = 0,
        keep: int = 0,
    ) -> None:
        super().__init__(env, episodes, every or STOPPING_EVERY, every_episodes, seed, keep)
        self.enough, self.row = enough, 0

    def hear(self, message: Message) -> Iterator[Message]:
        for evaluation in super().hear(message):
            assert isinstance(evaluation, Evaluation)
            yield evaluation
            mean = float(evaluation.greedy.mean())
            self.row = self.row + 1 if mean >= self.enough else 0
            if self.row == ENOUGH_EVALUATIONS and not evaluation.final:
                yield Enough(message.rollout, 0, return_mean=mean)
        yield Promise(message.rollout + 1, 0)
