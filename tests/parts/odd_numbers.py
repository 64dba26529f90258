"""CartPole in one of whose episodes a number is none; tasks on a robot, and a learner, like it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from safetensors.numpy import load_file, save

from tutelage import Message, Node
from tutelage.messages import Weights
from tutelage.tasks.cart_pole import CartPole


class Odd(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Says `number` as observation[1] or as the reward of one step, in the episode of this seed."""

    def __init__(self, number: str, field: str, step: int, seed: int) -> None:
        super().__init__(gymnasium.make("CartPole-v1"))
        self.number, self.field, self.step_, self.seed = float(number), field, step, seed
        self.steps, self.is_odd = 0, False

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self.steps, self.is_odd = 0, seed == self.seed
        observation, about = super().reset(seed=seed, options=options)
        return self._spoilt(observation), about

    def step(self, action: Any) -> Any:
        observation, reward, *rest = super().step(action)
        self.steps += 1
        if self.is_odd and self.steps == self.step_ and self.field == "reward":
            reward = self.number
        return (self._spoilt(observation), reward, *rest)

    def _spoilt(self, observation: Any) -> Any:
        observation = observation.astype(np.float64)  # float32 has no 1e300
        if self.is_odd and self.steps == self.step_ and self.field == "observation":
            observation[1] = self.number
        return observation


class Steady(CartPole):
    """CartPole under another name."""


class OddTask(CartPole):
    """Pays, or observes, no number from some moment on."""

    field = "reward"

    def __init__(self) -> None:
        super().__init__()
        self.observed = 0

    def observe(self, readings: Any) -> Any:
        self.observed += 1
        observation = super().observe(readings)
        if self.observed > 60 and self.field == "observation":
            observation[1] = np.nan
        return observation

    def reward(self, observation: Any, command: Any) -> float:
        return np.inf if self.observed > 60 and self.field == "reward" else 1.0


class OddlyObserving(OddTask):
    field = "observation"


class OddLearner(Node):
    """Says the weights of a run, and for rollout 50 weights with a number that is none."""

    says = (Weights,)

    def __init__(self, run: str) -> None:
        self.tensors = load_file(Path(run) / "weights.safetensors")

    def start(self) -> Iterator[Message]:
        odd = self.tensors | {"policy.2.bias": np.full(2, np.nan, np.float32)}
        for rollout, version, tensors in ((0, 0, self.tensors), (50, 1, odd)):
            file, last = np.frombuffer(save(tensors), np.uint8), version == 1
            yield Weights(rollout, 0, version, file, 0, stop=False, final=last)
