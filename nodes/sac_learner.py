"""Rollouts and the discriminator's weights to new weights: soft actor-critic, off-policy (DAC)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from safetensors.numpy import load, save

from tutelage import Message, Node
from tutelage.files.append_only import AppendOnlyFile
from tutelage.finite import FINITE, check_all
from tutelage.input.settings import chosen
from tutelage.learning.budget import OFF_POLICY
from tutelage.learning.budget import budget as derived
from tutelage.learning.dac import CAPACITY, DAC
from tutelage.learning.draws import generator
from tutelage.learning.rollout import Demonstration as Example
from tutelage.learning.rollout import Gatherer, Rollout, Spaces
from tutelage.learning.sac import Settings
from tutelage.messages import Demonstration, Enough, Metrics, RewardModel, Transition, Weights, Withdrawal
from tutelage.tasks.task import Env, Task


class SACLearner(Node):
    """Learns after each rollout from all that was done so far, and says the weights for rollout k + 1 + lag.

    It says `lag` + 1 weights before it has learnt anything, and owns the end of the run, as `Learner` does. Its replay
    buffer keeps `replay` steps. They are not in its checkpoint: they are appended to a file beside it.
    """

    hears = (Transition, RewardModel, Demonstration)
    may_hear = (Enough, Withdrawal)
    says = (Weights, Metrics)
    interruptible = True

    def __init__(
        self,
        env: Env,
        seed: int = 0,
        lag: int = 1,
        budget: int = 0,
        reward: Literal["logit", "note", "log_d", "fairl"] = "note",
        replay: int = CAPACITY,
        settings: dict[str, Any] | None = None,
    ) -> None:
        spaces = Spaces(*Task(env).spaces[:3])
        self.seed, self.lag, self.budget = seed, lag, derived(budget, spaces, OFF_POLICY)
        self.dac = DAC(spaces, seed, chosen(Settings, settings), reward, replay)
        self.examples: list[Example] = []
        self.since: list[int] = []  # the rollout from which each of them counts
        self.gathered = Gatherer()
        self.version = 0
        self.steps = 0
        self.last: int | None = None  # the version that the run ends with, once it is known
        self.enough = False  # no further rollout is wanted
        self.rows: AppendOnlyFile | None = None  # of the replay buffer
        self.written = 0  # steps of each environment that are in that file

    def start(self) -> Iterator[Message]:
        for rollout in range(self.lag + 1):
            yield self._weights(rollout)

    def hear(self, message: Message) -> Iterator[Message]:
        if isinstance(message, Transition):
            self.gathered.add(message)
        elif isinstance(message, Demonstration):
            message.check(len(self.since))
            self.examples.append(Example(message.observation, message.action, message.terminated, message.truncated))
            self.since.append(message.rollout)
        elif isinstance(message, Withdrawal):
            withdrawn = message.of(self.since)
            for kept in (self.examples, self.since):
                del kept[withdrawn]
        elif isinstance(message, Enough):
            self.enough = True
        elif isinstance(message, RewardModel):
            yield from self._answer(message)

    def _answer(self, model: RewardModel) -> Iterator[Message]:
        rollout, following = self.gathered.rollout(), model.rollout + 1 + self.lag
        metrics = self._learn(model, rollout)
        if self.last is None and (self.enough or following * rollout.terminated.size >= self.budget):
            self.last = following
        yield self._weights(following)
        yield Metrics(model.rollout, model.step, values=metrics)
        self.done = self.version == self.last

    def _learn(self, model: RewardModel, rollout: Rollout) -> dict[str, float]:
        place = f"rollout {model.rollout}"
        judge = load(model.tensors.tobytes())
        check_all(f"{place}, reward model", judge)
        draw = generator(self.seed, "learner", model.rollout)
        metrics = self.dac.update(self.examples, rollout, judge, draw, self.steps / self.budget)
        check_all(place, metrics | self.dac.sac.state(), FINITE)
        self.version += 1
        self.steps += rollout.terminated.size
        return metrics | {"time/total_timesteps": float(self.steps), "time/budget": float(self.budget)}

    def _weights(self, rollout: int) -> Message:
        tensors = self.dac.tensors()
        check_all(f"weights of version {self.version}", tensors)
        return Weights(
            rollout,
            0,
            policy_version=self.version,
            tensors=np.frombuffer(save(tensors), np.uint8),
            environment_steps=self.steps,
            stop=self.last is not None,
            final=self.version == self.last,
        )

    def interrupt(self) -> None:
        self.enough = True

    def state(self) -> dict[str, Any]:
        """The rows of the replay buffer that are not in their file yet go there, before the state counts them."""
        dac = self.dac.state()
        self._file().append(self.dac.rows_since(self.written).tobytes())
        self.written = dac["count"]
        return {
            "dac": dac,
            "rows": self._file().state(),
            "examples": [list(example) for example in self.examples],
            "since": self.since,
            "gathered": self.gathered.state(),
            "version": self.version,
            "steps": self.steps,
            "last": self.last,
            "enough": self.enough,
        }

    def load(self, state: dict[str, Any]) -> None:
        self.dac.load(state["dac"], np.frombuffer(self._file().load(state["rows"]), np.float32))
        self.written = state["dac"]["count"]
        self.examples = [Example(*example) for example in state["examples"]]
        self.since = state["since"]
        self.gathered.load(state["gathered"])
        self.version, self.steps = state["version"], state["steps"]
        self.last, self.enough = state["last"], state["enough"]

    def _file(self) -> AppendOnlyFile:
        self.rows = self.rows or AppendOnlyFile(self.beside.with_name(f"{self.beside.name}.replay"))
        return self.rows
