"""The environment that an operator drives: a step for each of their actions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tutelage import Message
from tutelage.messages import Action, Begin, Observation, Picture, Reward, Transition
from tutelage.nodes.simulator import Simulator
from tutelage.tasks import drawn
from tutelage.tasks.task import Env, Task

PICTURES = 25
"""a second"""


class DrivenSimulator(Simulator):
    """One environment, whose steps are published one by one. Rollout k is episode k, with the simulator's seed for it.

    With `pictures` it also publishes what the environment draws, if it does, about PICTURES times a second of its time.

    Its order is arrival: nobody knows beforehand whether an operator acts next, or begins another episode.
    """

    hears = (Action, Begin)
    says = (Observation, Transition, Reward, Picture)
    order = "arrival"

    def __init__(self, env: Env, seed: int = 0, window: bool = False, pictures: bool = False) -> None:
        self.pictures = pictures and not window and drawn.draws(Task(env))
        mode = "human" if window else "rgb_array" if self.pictures else ""
        super().__init__(_drawing(env, mode) if mode else env, environments=1, rollout_steps=1, seed=seed)
        self.every = max(1, round(drawn.steps_per_second(self.environments.first) / PICTURES))

    def start(self) -> Iterator[Message]:
        yield from super().start()
        yield from self._picture(0, 0)

    def hear(self, message: Message) -> Iterator[Message]:
        """Publishes a step's transition before the next observation, so that receivers know if the episode ended."""
        if isinstance(message, Begin):
            self._begin(np.array([0]))
            yield Observation(*self._next(message), observation=self.observation)
            yield from self._picture(*self._next(message))
            return
        said = {type(one): one for one in super().hear(message)}
        yield from (said[kind] for kind in (Reward, Transition, Observation))
        if self.length[0] % self.every == 0:
            yield from self._picture(*self._next(message))

    def _picture(self, rollout: int, step: int) -> Iterator[Message]:
        """What is drawn now; nothing from the first time on that nothing could be drawn."""
        drawing = drawn.picture(self.environments.first) if self.pictures else b""
        self.pictures = bool(drawing)
        if drawing:
            yield Picture(rollout, step, png=np.frombuffer(drawing, np.uint8))

    def _next(self, message: Message) -> tuple[int, int]:
        return int(self.episode[0]), int(self.length[0])


def _drawing(env: Env, mode: str) -> dict[str, Any]:
    told: dict[str, Any] = {"id": env} if isinstance(env, str) else env
    return {**told, "arguments": {**told.get("arguments", {}), "render_mode": mode}}
