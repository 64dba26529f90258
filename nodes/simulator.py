"""Environments that take a step when their action has arrived: never by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from learning.acting import to_bounds
from learning.draws import episode_seed
from messages import Action, Episode, Observation, Reward, Transition
from tutelage import Message, Node
from tutelage.task import Env, Task


class Simulator(Node):
    """Steps `environments` copies of a task together, in rollouts of `rollout_steps`.

    Its state is the seeds of the running episodes and their actions so far: environments are rebuilt by doing them
    again, so that any environment can come back.
    """

    hears = (Action,)
    says = (Observation, Transition, Reward, Episode)

    def __init__(
        self,
        env: Env,
        environments: int = 32,
        rollout_steps: int = 64,
        seed: int = 0,
    ) -> None:
        self.task = Task(env)
        self.seed, self.rollout_steps = seed, rollout_steps
        self.spaces = self.task.spaces
        self.vector = self.task.make_vector(environments)
        self.episode = np.zeros(environments, np.int64)  # running in each environment
        self.length = np.zeros(environments, np.int64)
        self.episode_return = np.zeros(environments)
        self.actions: list[np.ndarray] = []  # of the last steps, as far back as the longest running episode
        self.observation = np.zeros((environments, self.spaces.observation), np.float32)

    def start(self) -> Iterator[Message]:
        self._reset(np.ones(len(self.episode), bool))
        yield Observation(0, 0, self.observation)

    def hear(self, message: Message) -> Iterator[Message]:
        assert isinstance(message, Action)
        before = self.observation
        following, reward, terminated, truncated, _ = self.vector.step(self._taken(message.action))
        following = following.astype(np.float32)
        self.actions.append(message.action)
        self.length += 1
        self.episode_return += reward
        ended = terminated | truncated
        episodes = list(self._episodes(message, np.flatnonzero(ended))) if ended.any() else []
        self.observation = following
        if episodes:
            self._reset(ended)
        yield Observation(*self._next(message), self.observation)
        yield Transition(
            message.rollout, message.step, before, message.action, following, message.log_prob, terminated, truncated
        )
        yield Reward(message.rollout, message.step, reward.astype(np.float32))
        yield from episodes

    def _taken(self, action: np.ndarray) -> np.ndarray:
        if self.spaces.low is None or self.spaces.high is None:
            return action
        return to_bounds(action, self.spaces.low, self.spaces.high)

    def _next(self, message: Message) -> tuple[int, int]:
        step = message.step + 1
        return (message.rollout, step) if step < self.rollout_steps else (message.rollout + 1, 0)

    def _episodes(self, at: Message, ended: np.ndarray) -> Iterator[Message]:
        for i in map(int, ended):
            yield Episode(
                at.rollout,
                at.step,
                "policy",
                i,
                int(self.episode[i]),
                self._seed(i),
                int(self.length[i]),
                float(self.episode_return[i]),
            )

    def _seed(self, i: int) -> int:
        return episode_seed(self.seed, i, int(self.episode[i]))

    def _reset(self, ended: np.ndarray) -> None:
        """Begins the next episode where one has ended."""
        self.episode[ended & (self.length > 0)] += 1
        seeds = [self._seed(i) if over else None for i, over in enumerate(ended)]
        observation, _ = self.vector.reset(seed=seeds, options={"reset_mask": ended})
        self.observation = observation.astype(np.float32)
        self.length[ended] = 0
        self.episode_return[ended] = 0
        del self.actions[: len(self.actions) - int(self.length.max())]

    def state(self) -> dict[str, Any]:
        return {"episode": self.episode, "length": self.length, "actions": self.actions}

    def load(self, state: dict[str, Any]) -> None:
        self.episode, self.length = state["episode"].copy(), state["length"].copy()
        self.actions = list(state["actions"])
        for i, environment in enumerate(self.vector.envs):
            self.observation[i], _ = environment.reset(seed=self._seed(i))
            for action in self.actions[len(self.actions) - int(self.length[i]) :]:
                self.observation[i], reward, *_ = environment.step(self._taken(action[i]))
                self.episode_return[i] += reward
