"""The plain loop beside `simulators:=N`: gymnasium's AsyncVectorEnv, N workers of a copy each, then PPO; and again.

python bench/simulators_async.py WORKERS SECONDS_A_STEP ROLLOUT_STEPS ROLLOUTS

It is the same policy and the same mathematics as the graph's. Prints its environment steps a second.
"""

import sys
import time
from functools import partial
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

import gymnasium
import numpy as np
import torch
from sleeping import make

from tutelage.learning.acting import Tensors, act
from tutelage.learning.draws import generator
from tutelage.learning.ppo import PPO, Settings
from tutelage.learning.rollout import Rollout, Spaces


def collect(envs: gymnasium.vector.AsyncVectorEnv, tensors: Tensors, k: int, steps: int) -> tuple[Rollout, np.ndarray]:
    """A rollout by one version of the weights, and its rewards. (It does not treat ends as well as the graph does.)"""
    rows, rewards = [], []
    observation = envs.observations
    for step in range(steps):
        before = np.array(observation)
        action, log_prob = act(tensors, before, generator(0, "policy", "action", k, step))
        observation, reward, terminated, truncated, _ = envs.step(action)
        rows.append((before, action, np.array(observation), log_prob, terminated, truncated))
        rewards.append(reward)
    return Rollout(*map(np.array, zip(*rows, strict=True))), np.array(rewards, np.float32)


def main() -> None:
    workers, seconds = int(sys.argv[1]), float(sys.argv[2])
    steps, rollouts = int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(1)
    ppo = PPO(Spaces(4, 2, discrete=True), 0, Settings(epochs=1))
    envs = gymnasium.vector.AsyncVectorEnv([partial(make, seconds)] * workers)
    envs.reset(seed=0)
    began = time.perf_counter()
    for k in range(rollouts):
        rollout, reward = collect(envs, ppo.tensors(), k, steps)
        ppo.update(rollout, reward, np.zeros_like(reward), generator(0, "learner", k), k / rollouts)
    print(round(workers * steps * rollouts / (time.perf_counter() - began)))
    envs.close()


if __name__ == "__main__":
    main()
