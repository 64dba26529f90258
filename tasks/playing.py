"""Episodes, played by a control law or a policy."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from tutelage.input.problems import Problem, Refusal
from tutelage.learning.acting import Tensors, act
from tutelage.learning.draws import generator
from tutelage.tasks.entry import Law
from tutelage.tasks.task import Environments, Task, time_limit

LONGEST = 20_000
"""Steps after which an episode counts as endless, where gymnasium knows no time limit."""


RANDOM_STEPS = 2000


class Step(NamedTuple):
    """A step of an episode: observation [obs], action as the task takes it, and the outcome."""

    observation: np.ndarray
    action: int | np.ndarray
    reward: float
    following: np.ndarray
    terminated: bool
    truncated: bool


def episode(environment: Any, law: Law, seed: int | None = None) -> Iterator[Step]:
    """The steps of an episode, until it has ended. The caller closes the environment.

    Raises:
        Refusal: it does not end.
    """
    observation = np.array(environment.reset(seed=seed)[0])  # a copy: it may write to its own array at each step
    ended, steps = False, 0
    while not ended:
        steps += 1
        if steps > LONGEST and not time_limit(environment):
            raise endless(type(environment.unwrapped).__name__)
        action = law(observation)
        seen, reward, terminated, truncated, _ = environment.step(action)
        following = np.array(seen)
        yield Step(observation, action, float(reward), following, bool(terminated), bool(truncated))
        observation, ended = following, terminated or truncated


def endless(name: str) -> Refusal:
    """An episode does not end."""
    what = (
        f"an episode has not ended after {LONGEST} steps, and there is no time limit: give it one, "
        "env:='{id: ..., arguments: {max_episode_steps: 500}}' of a registered environment, "
        "gymnasium.wrappers.TimeLimit(environment, 500) in a function of your own"
    )
    return Refusal([Problem(name, what)])


def refuse_endless(task: Task) -> None:
    """Tries an episode of random actions, where gymnasium knows no time limit: many environments end by themselves.

    If it does not end, the episodes of a policy that has not learned anything yet might not end either.

    Raises:
        Refusal: it does not end.
    """
    environment = task.make()
    if not time_limit(environment):
        environment.action_space.seed(0)
        for _ in episode(environment, lambda _: environment.action_space.sample(), seed=0):
            pass
    environment.close()


def answers(law: Law, task: Task, observation: np.ndarray) -> np.ndarray:
    """A law's actions for observations [N, obs], as messages have them: int64 [N] or float32 [N, A]."""
    return task.spaces.from_task(np.array([law(one) for one in observation]))


def observations(steps: list[Step]) -> np.ndarray:
    """All observations of an episode, with the last one: float32 [T + 1, obs]."""
    return np.array([*(step.observation for step in steps), steps[-1].following], np.float32)


def random_returns(task: Task, episodes: int) -> list[float]:
    """Returns of so many episodes of uniformly random actions, of at most RANDOM_STEPS steps."""
    environment = task.make()
    environment.action_space.seed(0)
    played = [episode(environment, lambda _: environment.action_space.sample(), seed) for seed in range(episodes)]
    found = [sum(step.reward for step in islice(steps, RANDOM_STEPS)) for steps in played]
    environment.close()
    return found


def policy_law(task: Task, tensors: Tensors, draws: np.random.Generator | None = None) -> Law:
    """A policy as a control law: its likeliest action, or a sampled one with `draws`."""

    def policy(observation: np.ndarray) -> np.ndarray:
        action, _ = act(tensors, observation[None].astype(np.float32), draws)
        return task.spaces.to_task(action)[0]

    return policy


def returns(task: Task, tensors: Tensors, episodes: int, seed: int, sample: bool, what: str = "final") -> np.ndarray:
    """Return of each of so many whole episodes, all played at once: float64 [episodes]. `what` for decides seeds.

    Raises:
        Refusal: an episode does not end.
    """
    environments, step = Environments(task, episodes), 0
    environments.place = lambda i: f"evaluation, episode {i}, step {step}"
    draws = generator(seed, "evaluator", what, "action") if sample else None
    seeds = generator(seed, "evaluator", what, "episodes").integers(2**31, size=episodes)
    observation = np.stack([environments.reset(i, int(one)) for i, one in enumerate(seeds)])
    total, running = np.zeros(episodes), np.ones(episodes, bool)
    while running.any():
        action, _ = act(tensors, observation, draws)
        step += 1
        if step > LONGEST and not environments.time_limit:
            raise endless(task.env)
        observation, reward, terminated, truncated = environments.step(action)
        total += reward * running
        running &= ~(terminated | truncated)
        for i in map(int, np.flatnonzero(terminated | truncated)):  # an ended environment cannot be stepped
            observation[i] = environments.reset(i, 0)
    environments.close()
    return total
