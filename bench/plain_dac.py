"""DAC in one process: no bus, no nodes, the same `learning/` functions. Needs the extra `mujoco` for its tasks.

Prints a line of JSON for each evaluation: score = (return - random) / (expert - random) over greedy episodes, against
steps, updates, wall time and processor time (without evaluations).

    python bench/plain_dac.py --env Hopper-v5 --demonstrations Hopper-v5.npz --trajectories 4 --every 20 --seed 0

`launch dac.yaml lag:=0` with the same arguments ends in the same digest of weights.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from safetensors.numpy import save

from tutelage.learning import gail, rollout, sac
from tutelage.learning.acting import act
from tutelage.learning.budget import ENVIRONMENTS, OFF_POLICY, ROLLOUT_STEPS
from tutelage.learning.budget import budget as derived
from tutelage.learning.dac import DAC
from tutelage.learning.draws import episode_seed, generator
from tutelage.learning.off_policy import CAPACITY
from tutelage.messages import Demonstration, Episode
from tutelage.nodes.dataset import Dataset
from tutelage.nodes.demonstrator import Demonstrator
from tutelage.tasks.task import Environments, Task


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

    def rollout(self, tensors: dict[str, np.ndarray], k: int) -> rollout.Rollout:
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
        return rollout.Rollout(*map(np.array, zip(*rows, strict=True)))


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


def shown(task: Task, options: argparse.Namespace) -> Iterator[Demonstration | Episode]:
    """What launch files show: a file's, or a scripted expert's."""
    count = options.trajectories
    if options.demonstrations:
        return Dataset(str(options.demonstrations), task.given, count, options.every, options.seed).start()
    return Demonstrator(task.given, count, options.seed, subsample=options.every).start()


def train(task: Task, expert: list[rollout.Demonstration], options: argparse.Namespace, report: Any) -> None:
    """Rollout k is of the weights after training on rollout k - 1, as in a graph without overlap."""
    spaces, seed = task.spaces.without_bounds, options.seed
    learner = DAC(spaces, seed, told(sac.Settings(), options.sac), options.reward, options.replay)
    settings = told(gail.OffPolicySettings(), options.gail)
    discriminator = gail.Discriminator(spaces, seed, replace(settings, subsample=options.every))
    simulator = Simulator(task, seed)
    steps = ENVIRONMENTS * ROLLOUT_STEPS
    budget = derived(options.steps, spaces, OFF_POLICY)
    rollouts = -(-budget // steps)
    for k in range(rollouts):
        done, progress = simulator.rollout(learner.tensors(), k), k * steps / budget
        metrics = discriminator.update(expert, done, generator(seed, "discriminator", k), progress)
        model = discriminator.tensors()
        metrics |= learner.update(expert, done, model, generator(seed, "learner", k), progress)
        report((k + 1) * steps, learner.sac, metrics, k + 1 == rollouts)


def digest(tensors: dict[str, np.ndarray]) -> str:
    return hashlib.sha256(save(tensors)).hexdigest()


def told(settings: Any, words: list[str]) -> Any:
    """Settings with some changed: `name=value`."""
    types = {field.name: type(getattr(settings, field.name)) for field in fields(settings)}
    given = dict(word.split("=") for word in words)
    return replace(settings, **{name: types[name](float(value)) for name, value in given.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--env", default="CartPole-v1", help='an id, or JSON: {"id": ..., "arguments": {...}}')
    parser.add_argument("--demonstrations", type=Path, help="a file; without one a scripted expert shows them")
    parser.add_argument("--trajectories", type=int, help="by default all of the file, or ten")
    parser.add_argument("--every", type=int, default=1, help="of so many pairs one is shown")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=0, help="environment steps in all (0: as dac.yaml)")
    parser.add_argument("--replay", type=int, default=CAPACITY, help="steps that are kept")
    parser.add_argument("--reward", default="note", help="a form of learning/rewards.py")
    parser.add_argument("--episodes", type=int, default=50, help="of the last evaluation")
    parser.add_argument("--evaluate-every", type=int, default=40, help="rollouts")
    parser.add_argument("--sac", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--gail", nargs="*", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    torch.set_num_threads(1)
    task = Task(json.loads(options.env) if options.env[:1] == "{" else options.env)
    said = list(shown(task, options))
    best = float(np.mean([one.episode_return for one in said if isinstance(one, Episode)]))
    shots = [one for one in said if isinstance(one, Demonstration)]
    expert = [rollout.Demonstration(one.observation, one.action, one.terminated, one.truncated) for one in shots]
    chance = mean_return(task, None, options.episodes)
    clocks, spent = (time.perf_counter, time.process_time), np.zeros(2)
    began = np.array([clock() for clock in clocks])

    def report(steps: int, learner: sac.SAC, metrics: dict[str, float], last: bool) -> None:
        nonlocal spent
        if not last and steps // (ENVIRONMENTS * ROLLOUT_STEPS) % options.evaluate_every:
            return
        now = np.array([clock() for clock in clocks])
        wall, processor = now - began - spent
        found = mean_return(task, learner.tensors(), options.episodes if last else 5)
        line = {"score": (found - chance) / (best - chance), "return": found, "steps": steps}
        line |= {"updates": learner.updates, "wall_s": wall, "processor_s": processor} | metrics
        rounded = {name: round(float(value), 5) for name, value in line.items()}
        print(json.dumps(rounded | {"weights_digest": digest(learner.tensors())}), flush=True)
        spent += np.array([clock() for clock in clocks]) - now

    train(task, expert, options, report)


if __name__ == "__main__":
    main()
