"""The environment that an operator drives: a step for each of their actions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tutelage import Message
from tutelage.messages import Action, Begin, Observation, Reward, Transition
from tutelage.nodes.simulator import Simulator
from tutelage.tasks.task import Env


class DrivenSimulator(Simulator):
    """One environment, whose steps are published one by one. Rollout k is episode k, with the simulator's seed for it.

    Its order is arrival: nobody knows beforehand whether an operator acts next, or begins another episode.
    """

    hears = (Action, Begin)
    says = (Observation, Transition, Reward)
    order = "arrival"

    def __init__(self, env: Env, seed: int = 0, window: bool = False) -> None:
        super().__init__(_in_window(env) if window else env, environments=1, rollout_steps=1, seed=seed)

    def hear(self, message: Message) -> Iterator[Message]:
        """Publishes a step's transition before the next observation, so that receivers know if the episode ended."""
        if isinstance(message, Begin):
            self._begin(np.array([0]))
            yield Observation(*self._next(message), observation=self.observation)
            return
        said = {type(one): one for one in super().hear(message)}
        yield from (said[kind] for kind in (Reward, Transition, Observation))

    def _next(self, message: Message) -> tuple[int, int]:
        return int(self.episode[0]), int(self.length[0])


def _in_window(env: Env) -> dict[str, Any]:
    told: dict[str, Any] = {"id": env} if isinstance(env, str) else env
    return {**told, "arguments": {**told.get("arguments", {}), "render_mode": "human"}}
