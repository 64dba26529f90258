"""A robot's observations and actions in logical time: the running episode, and the rollout so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from tutelage import Message
from tutelage.finite import check
from tutelage.messages import Episode, Observation, Reward, Transition

Time = tuple[int, int]

REMEMBERED = 8
"""Observations whose capture is remembered: no answer to an older one could be fresh."""


class Trail:
    """Counts steps, and gathers them into rollouts.

    Attributes:
        running: whether an episode is running.
        observation, length, episode_return: of the running episode.
        episode: its number, or that of the next.
        captured: logical time of the last observations -> when they were captured, in nanoseconds.
        action, log_prob: of this episode's last applied action, as the learner gets it; None: none yet.
    """

    def __init__(self, rollout_steps: int) -> None:
        self.rollout_steps = rollout_steps
        self.running = False
        self.episode = self.length = 0
        self.episode_return = 0.0
        self.observation = np.zeros(0, np.float32)
        self.captured: dict[Time, int] = {}
        self.action: np.ndarray | None = None
        self.log_prob = np.zeros(1, np.float32)
        self._time: Time = (0, 0)  # of the observation that was said last, or of the next between episodes
        self._steps: list[list[np.ndarray]] = []  # of this rollout

    @property
    def time(self) -> Time:
        return self._time

    def begin(self, observation: np.ndarray, captured: int) -> Message:
        """An episode begins."""
        self.running, self.length, self.episode_return = True, 0, 0.0
        self.action, self.log_prob = None, np.zeros(1, np.float32)
        return self.observe(observation, captured)

    def observe(self, observation: np.ndarray, captured: int) -> Message:
        """Takes the observation before the next step."""
        check(f"robot, episode {self.episode}, step {self.length}", "observation", observation)
        self.observation = observation
        self.captured = dict([*self.captured.items(), (self._time, captured)][-REMEMBERED:])
        return Observation(*self._time, observation=observation[None])

    def step(self, following: np.ndarray, terminated: bool, truncated: bool, reward: float) -> Iterator[Message]:
        """Takes the step since, and its outcome; yields the rollout when it is complete.

        Before the first applied action only time goes on: there is nothing to learn from.
        """
        rollout, step = self._time
        self._time = rollout, step + 1
        if self.action is None:
            return
        check(f"robot, episode {self.episode}, step {self.length + 1}", "observation", following)
        check(f"robot, episode {self.episode}, step {self.length + 1}", "reward", reward)
        row = [self.observation, self.action, following, self.log_prob[0], terminated, truncated, np.float32(reward)]
        self._steps.append([np.asarray(value)[None] for value in row])
        self.length += 1
        self.episode_return += reward
        if len(self._steps) == self.rollout_steps:
            self._time = rollout + 1, 0
            *transition, rewards = (np.stack(column) for column in zip(*self._steps, strict=True))
            self._steps = []
            yield Reward(rollout, step, reward=rewards)
            yield Transition(rollout, step, *transition)

    def end(self, actor: Literal["policy", "human"]) -> Message:
        """The episode has ended: later answers to it are ignored."""
        self.running = False
        self.captured.clear()
        self.episode += 1
        return Episode(
            *self._time,
            actor=actor,
            environment=0,
            episode=self.episode - 1,
            seed=0,
            length=self.length,
            episode_return=self.episode_return,
        )
