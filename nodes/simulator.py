"""Environments that take a step when their action has arrived, never by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from tutelage import Message, Node
from tutelage.input.problems import Problem, Refusal
from tutelage.learning.draws import episode_seed
from tutelage.messages import Action, Episode, Observation, Reward, Transition
from tutelage.tasks.task import Env, Environments, Task


class Simulator(Node):
    """Steps copies of a task together; when a rollout is complete it publishes its transitions.

    Of `environments` copies it steps all, or the `part`-th of equal `parts`, each as it is in the whole.

    Its state is the seeds of the running episodes and their actions so far. After a restart it repeats these actions,
    so any environment can be restored.

    Where gymnasium knows a task's time limit, the first episode of each copy is cut short, each at another step.
    Otherwise copies that all reach the limit would stay in step, and a rollout would show only one phase of their
    episodes (rsl_rl starts its robots at random episode lengths for the same reason: Rudin et al. 2022, arXiv
    2109.11978).
    """

    hears: ClassVar[tuple[type[Message], ...]] = (Action,)
    says: ClassVar[tuple[type[Message], ...]] = (Observation, Transition, Reward, Episode)
    keeps = ("episode", "length", "actions", "steps")

    def __init__(
        self,
        env: Env,
        environments: int = 32,
        rollout_steps: int = 64,
        seed: int = 0,
        part: int = 0,
        parts: int = 1,
    ) -> None:
        own, rest = divmod(environments, parts)
        if rest:
            what = f"{environments} copies cannot be shared equally by {parts} simulators: choose a multiple of {parts}"
            raise Refusal([Problem("environments", what)])
        self.environments = Environments(Task(env), own)
        self.seed, self.rollout_steps = seed, rollout_steps
        self.rows = slice(part * own, (part + 1) * own)  # of all copies
        self.copy = np.arange(environments)[self.rows]
        self.first_length = self.environments.time_limit * (self.copy + 1) // environments
        self.episode = np.zeros(own, np.int64)  # running in each environment
        self.length = np.zeros(own, np.int64)
        self.environments.place = lambda i: f"copy {self.copy[i]}, episode {self.episode[i]}, step {self.length[i]}"
        self.episode_return = np.zeros(own)
        self.actions: list[np.ndarray] = []  # since the beginning of the longest running episode
        self.steps: list[list[np.ndarray]] = []  # of this rollout
        self.observation = np.zeros((own, self.environments.spaces.observation), np.float32)

    def start(self) -> Iterator[Message]:
        for i in range(len(self.episode)):
            self.observation[i] = self.environments.reset(i, self._seed(i))
        yield Observation(0, 0, observation=self.observation)

    def hear(self, message: Message) -> Iterator[Message]:
        assert isinstance(message, Action)
        before = self.observation
        self.length += 1
        action, log_prob = self._own(message.action), self._own(message.log_prob)
        following, reward, terminated, truncated = self.environments.step(action)
        cut = (self.episode == 0) & (self.length == self.first_length) & ~(terminated | truncated)
        truncated |= cut
        self.steps.append([before, action, following, log_prob, terminated, truncated, reward])
        self.actions.append(action)
        self.episode_return += reward
        self.observation = following
        ended = np.flatnonzero(terminated | truncated)
        episodes = [self._episode(message, int(i)) for i in ended if not cut[i]]
        if len(ended):
            self._begin(ended)
        yield Observation(*self._next(message), observation=self.observation)
        yield from episodes
        if len(self.steps) == self.rollout_steps:
            yield from self._rollout(message)

    def _own(self, answer: np.ndarray) -> np.ndarray:
        """The rows that are for this simulator, if one policy answers all parts together."""
        return answer[self.rows] if len(answer) > len(self.copy) else answer

    def _next(self, message: Message) -> tuple[int, int]:
        step = message.step + 1
        return (message.rollout, step) if step < self.rollout_steps else (message.rollout + 1, 0)

    def _rollout(self, last: Message) -> Iterator[Message]:
        *transition, reward = (np.stack(column) for column in zip(*self.steps, strict=True))
        self.steps = []
        yield Transition(last.rollout, last.step, *transition)
        yield Reward(last.rollout, last.step, reward=reward.astype(np.float32))

    def _episode(self, at: Message, i: int) -> Message:
        """The end of an episode."""
        return Episode(
            at.rollout,
            at.step,
            actor="policy",
            environment=int(self.copy[i]),
            episode=int(self.episode[i]),
            seed=self._seed(i),
            length=int(self.length[i]),
            episode_return=float(self.episode_return[i]),
        )

    def _begin(self, ended: np.ndarray) -> None:
        """Begins the next episode in each copy whose episode has ended."""
        self.observation = self.observation.copy()
        self.episode[ended] += 1
        self.length[ended] = 0
        self.episode_return[ended] = 0
        for i in map(int, ended):
            self.observation[i] = self.environments.reset(i, self._seed(i))
        del self.actions[: len(self.actions) - int(self.length.max())]

    def _seed(self, i: int) -> int:
        return episode_seed(self.seed, int(self.copy[i]), int(self.episode[i]))

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        for i in range(len(self.episode)):
            self.observation[i] = self.environments.reset(i, self._seed(i))
            for action in self.actions[len(self.actions) - int(self.length[i]) :]:
                self.observation[i], reward = self.environments.step_one(i, action[i])
                self.episode_return[i] += reward
