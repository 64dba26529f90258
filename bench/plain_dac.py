"""DAC in one process: no bus, no nodes, the same `learning/` functions. Needs the extra `mujoco` for its tasks.

Prints a line of JSON for each evaluation: score = (return - random) / (expert - random) over greedy episodes, against
steps, updates, wall time and processor time (without evaluations).

    python bench/plain_dac.py --demonstrations experts/Hopper-v5.npz --trajectories 4 --every 20 --seed 0
"""

import argparse
import hashlib
import json
import sys
import time
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from safetensors.numpy import save

from tutelage.learning import gail, pairs, reward_model, sac
from tutelage.learning.acting import act
from tutelage.learning.draws import episode_seed, generator
from tutelage.learning.replay import Replay
from tutelage.learning.rollout import Demonstration, Rollout, Spaces
from tutelage.tasks.task import Environments, Task
from tutelage.teaching.formats import npz
from tutelage.teaching.formats.trajectory import Trajectory, subsampled

ENVIRONMENTS, ROLLOUT_STEPS = 16, 32
FIRST_STEPS = 4096
"""of the actor as it begins, nearly uniformly random, before anything is learned"""


class Simulator:
    """Environments whose first episodes are cut short, each at another step; so they are never all at one stage."""

    def __init__(self, task: Task, seed: int) -> None:
        self.environments, self.seed = Environments(task, ENVIRONMENTS), seed
        self.episode, self.length = np.zeros(ENVIRONMENTS, np.int64), np.zeros(ENVIRONMENTS, np.int64)
        self.first_length = self.environments.time_limit * np.arange(1, ENVIRONMENTS + 1) // ENVIRONMENTS
        self.observation = np.array([self.reset(i) for i in range(ENVIRONMENTS)])

    def reset(self, i: int) -> np.ndarray:
        observation = self.environments.reset(i, episode_seed(self.seed, i, int(self.episode[i])))
        self.episode[i] += 1
        self.length[i] = 0
        return observation

    def rollout(self, tensors: dict[str, np.ndarray], k: int) -> Rollout:
        rows = []
        for step in range(ROLLOUT_STEPS):
            before = self.observation
            action, log_prob = act(tensors, before, generator(self.seed, "policy", "action", k, step))
            after, _, terminated, truncated = self.environments.step(action)
            self.length += 1
            truncated |= (self.episode == 1) & (self.length == self.first_length) & ~terminated
            self.observation = after.copy()
            for i in np.flatnonzero(terminated | truncated):
                self.observation[i] = self.reset(i)
            rows.append((before, action, after, log_prob, terminated, truncated))
        return Rollout(*map(np.array, zip(*rows, strict=True)))


def mean_return(task: Task, tensors: dict[str, np.ndarray] | None, episodes: int) -> float:
    """Of greedy episodes; without tensors of uniformly random actions."""
    environment, draw, total = task.make(), generator(0, "random actions"), 0.0
    spaces = task.spaces
    for episode in range(episodes):
        observation, ended = environment.reset(seed=episode)[0], False
        while not ended:
            if tensors is not None:
                action = act(tensors, np.asarray(observation, np.float32)[None])[0]
            elif spaces.discrete:
                action = draw.integers(spaces.action, size=1)
            else:
                action = draw.uniform(-1, 1, (1, spaces.action)).astype(np.float32)
            observation, reward, terminated, truncated, _ = environment.step(spaces.to_task(action)[0])
            total += float(reward)
            ended = terminated or truncated
    return total / episodes


def shown(task: Task, trajectories: list[Trajectory], every: int, seed: int) -> list[Demonstration]:
    """Every n-th pair of each, from an offset drawn by lot; actions clipped to the bounds."""
    some = []
    for i, one in enumerate(trajectories):
        few = subsampled(one, every, int(generator(seed, "teleoperator", "offset", i).integers(every)))
        action = task.spaces.from_task(few.action)
        action = action if task.spaces.discrete else np.clip(action, -1, 1)
        some.append(Demonstration(few.observation.astype(np.float32), action, few.terminated, few.truncated))
    return some


def train(task: Task, expert: list[Demonstration], options: argparse.Namespace, report: Any) -> None:
    """Rollout k is of the weights after training on rollout k - 1, as in a graph without overlap."""
    spaces, seed = Spaces(*task.spaces[:3]), options.seed
    learner = sac.SAC(spaces, seed, told(sac.Settings(), options.sac))
    settings = told(DISCRIMINATOR, options.gail)
    discriminator = gail.Discriminator(spaces, seed, replace(settings, subsample=options.every))
    simulator, replay = Simulator(task, seed), Replay(spaces, ENVIRONMENTS, options.replay)
    steps = ENVIRONMENTS * ROLLOUT_STEPS
    first, rollouts = FIRST_STEPS // steps, options.steps // steps
    observation = np.concatenate([one.observation[:-1] for one in expert])
    rows = pairs.step_rows(spaces, observation, np.concatenate([one.action for one in expert]))
    seen, metrics = [], {}
    for k in range(rollouts):
        rollout = simulator.rollout(learner.tensors(), k)
        replay.add(rollout)
        progress = k / rollouts
        if k < first:
            seen.append(rollout.observation.reshape(-1, spaces.observation))
            half = np.concatenate(seen)
            learner.begin(np.concatenate([half, np.resize(observation, half.shape)]))
        metrics = discriminator.update(expert, rollout, generator(seed, "discriminator", k), progress)
        if k >= first - 1:
            tensors = discriminator.tensors()
            reward = partial(reward_model.rewards, tensors, options.reward)
            metrics |= learner.update(replay, reward, rows, generator(seed, "learner", k), progress)
        report((k + 1) * steps, learner, metrics, k + 1 == rollouts)


DISCRIMINATOR = gail.Settings(
    learning_rate=1e-3,
    final_learning_rate=1e-3,
    steps=12,
    batch=128,
    interpolated_penalty_weight=10.0,
    discount=0.99,
    memory=1 << 19,
    remembered=512,
    hidden=128,
)


def digest(tensors: dict[str, np.ndarray]) -> str:
    return hashlib.sha256(save(tensors)).hexdigest()


def told(settings: Any, words: list[str]) -> Any:
    """Settings with some changed: `name=value`."""
    types = {field.name: type(getattr(settings, field.name)) for field in fields(settings)}
    given = dict(word.split("=") for word in words)
    return replace(settings, **{name: types[name](float(value)) for name, value in given.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demonstrations", type=Path, required=True)
    parser.add_argument("--trajectories", type=int, default=4)
    parser.add_argument("--every", type=int, default=20, help="of so many pairs one is shown")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=360_000, help="environment steps in all")
    parser.add_argument("--replay", type=int, default=400_000, help="steps that are kept")
    parser.add_argument("--reward", default="note", help="a form of learning/rewards.py")
    parser.add_argument("--evaluate-every", type=int, default=40, help="rollouts")
    parser.add_argument("--sac", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--gail", nargs="*", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    torch.set_num_threads(1)
    file = npz.read(options.demonstrations)
    assert file.env is not None
    task = Task(file.env)
    best = float(np.mean([one.episode_return for one in file.trajectories]))
    chance = mean_return(task, None, 50)
    clocks, spent = (time.perf_counter, time.process_time), np.zeros(2)
    began = np.array([clock() for clock in clocks])

    def report(steps: int, learner: sac.SAC, metrics: dict[str, float], last: bool) -> None:
        nonlocal spent
        if not last and steps // (ENVIRONMENTS * ROLLOUT_STEPS) % options.evaluate_every:
            return
        now = np.array([clock() for clock in clocks])
        wall, processor = now - began - spent
        found = mean_return(task, learner.tensors(), 50 if last else 5)
        line = {"score": (found - chance) / (best - chance), "return": found, "steps": steps}
        line |= {"updates": learner.updates, "wall_s": wall, "processor_s": processor} | metrics
        rounded = {name: round(float(value), 5) for name, value in line.items()}
        print(json.dumps(rounded | {"weights_digest": digest(learner.tensors())}), flush=True)
        spent += np.array([clock() for clock in clocks]) - now

    train(task, shown(task, file.trajectories[: options.trajectories], options.every, options.seed), options, report)


if __name__ == "__main__":
    main()
