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
"""For so many observations the time of capture is remembered: no answer to an older one is fresh."""


class Trail:
    """Counts steps, and collects them into rollouts.

    Attributes:
        running: whether an episode is running.
        observation, length, episode_return: of the running episode.
        episode: its number, or that of the next one.
        answered: when the running episode was first answered, in nanoseconds; 0: not yet.
        captured: logical time of the last observations -> when they were captured, in nanoseconds.
        action, log_prob: of this episode's last applied action, as the learner gets it; None: none yet.
        helped: whether a person has acted in the running episode.
    """

    def __init__(self, rollout_steps: int) -> None:
        self.rollout_steps = rollout_steps
        self.running = self.helped = False
        self.episode = self.length = self.answered = 0
        self.episode_return = 0.0
        self.observation = np.zeros(0, np.float32)
        self.captured: dict[Time, int] = {}
        self.action: np.ndarray | None = None
        self.log_prob = np.zeros(1, np.float32)
        self._time: Time = (0, 0)  # of the last observation, or between episodes of the next
        self._steps: list[list[np.ndarray]] = []  # of this rollout

    @property
    def time(self) -> Time:
        return self._time

    def begin(self, observation: np.ndarray, captured: int) -> Message:
        """An episode begins."""
        self.running, self.helped = True, False
        self.length, self.answered, self.episode_return = 0, 0, 0.0
        self.action, self.log_prob = None, np.zeros(1, np.float32)
        return self.observe(observation, captured)

    def answer(self, now: int) -> None:
        """The episode is answered, from the first answer on."""
        self.answered = self.answered or now

    def act(self, action: np.ndarray, log_prob: np.ndarray, actor: Literal["policy", "human"]) -> None:
        """An action is applied from now on."""
        self.action, self.log_prob = action, log_prob
        self.helped = self.helped or actor == "human"

    def observe(self, observation: np.ndarray, captured: int) -> Message:
        """Notes the observation before the next step."""
        check(f"robot, episode {self.episode}, step {self.length}", "observation", observation)
        self.observation = observation
        self.captured = dict([*self.captured.items(), (self._time, captured)][-REMEMBERED:])
        return Observation(*self._time, observation=observation[None])

    def step(self, following: np.ndarray, terminated: bool, truncated: bool, reward: float) -> Iterator[Message]:
        """Adds the step since then, with its outcome; yields the rollout when it is complete.

        Before the first applied action only logical time advances: there is nothing to learn from.
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
        """Ends the episode: later answers to it are ignored. It is a person's if a person has acted in it."""
        self.running = False
        self.captured.clear()
        self.episode += 1
        return Episode(
            *self._time,
            actor="human" if self.helped else actor,
            environment=0,
            episode=self.episode - 1,
            seed=0,
            length=self.length,
            episode_return=self.episode_return,
        )
