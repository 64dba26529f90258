"""GAIL in one process: no bus, no nodes, gymnasium's own vectorised environment, the same `learning/` functions.

The node graph ends in the same digest of weights, and faster. Prints one line of JSON.

    python bench/plain_loop.py --env CartPole-v1 --demonstrations FILE.npz --seed 0 --lag 1 --steps 65536
"""

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import gymnasium as gym
import numpy as np
import torch

from learning import rewards
from learning.acting import act, from_bounds, to_bounds
from learning.draws import episode_seed, generator
from learning.gail import Discriminator
from learning.ppo import PPO
from learning.rollout import Demonstration, Rollout, Spaces

ROLLOUT_STEPS, ENVIRONMENTS = 64, 32


class Simulator:
    """N environments whose episodes are seeded one by one."""

    def __init__(self, env_id: str, environments: int, seed: int) -> None:
        disabled = {"autoreset_mode": gym.vector.AutoresetMode.DISABLED}
        self.envs = gym.make_vec(env_id, environments, vectorization_mode="sync", vector_kwargs=disabled)
        self.seed, self.episodes = seed, np.zeros(environments, np.int64)
        observation, action = self.envs.single_observation_space, self.envs.single_action_space
        assert observation.shape is not None
        discrete = isinstance(action, gym.spaces.Discrete)
        self.bounds = None if discrete else (action.low, action.high)
        self.spaces = Spaces(observation.shape[0], int(action.n) if discrete else action.shape[0], discrete)
        self.observation = self.reset(np.ones(environments, bool))

    def reset(self, mask: np.ndarray) -> np.ndarray:
        """The observation after the masked environments began their next episode."""
        seeds = [episode_seed(self.seed, i, int(j)) if mask[i] else None for i, j in enumerate(self.episodes)]
        self.episodes[mask] += 1
        return self.envs.reset(seed=seeds, options={"reset_mask": mask})[0]

    def step(self, action: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Next observation, terminated, truncated; then `self.observation` is what the next action answers to."""
        taken = action if self.bounds is None else to_bounds(action, *self.bounds)
        observation, _, terminated, truncated, _ = self.envs.step(taken)
        ended = terminated | truncated
        self.observation = self.reset(ended) if ended.any() else observation
        return observation, terminated, truncated


def collect(simulator: Simulator, tensors: dict[str, np.ndarray], seed: int, first_step: int) -> Rollout:
    """One rollout with one version of the weights."""
    rows = []
    for step in range(first_step, first_step + ROLLOUT_STEPS):
        observation = simulator.observation
        action, log_prob = act(tensors, observation, generator(seed, "policy", "action", step))
        following, terminated, truncated = simulator.step(action)
        rows.append((observation, action, following, log_prob, terminated, truncated))
    return Rollout(*map(np.array, zip(*rows, strict=True)))


def demonstrations(path: str, count: int, bounds: tuple[np.ndarray, np.ndarray] | None) -> list[Demonstration]:
    """The first `count` episodes of a file of demonstrations."""
    data = np.load(path, allow_pickle=False)
    ends = np.cumsum(data["episode_lengths"])[:count]
    actions = data["actions"] if bounds is None else from_bounds(data["actions"], *bounds)
    return [
        Demonstration(
            np.concatenate([data["observations"][first:end], data["next_observations"][end - 1 : end]]),
            actions[first:end],
            bool(data["terminals"][end - 1]),
            bool(data["truncations"][end - 1]),
        )
        for first, end in zip([0, *ends[:-1]], ends, strict=True)
    ]


def train(simulator: Simulator, expert: list[Demonstration], seed: int, lag: int, rollouts: int) -> PPO:
    """Rollout k is collected with weights version max(0, k - lag); training on it makes version k + 1."""
    ppo, discriminator = PPO(simulator.spaces, seed), Discriminator(simulator.spaces, seed)
    versions = [ppo.tensors()]
    for k in range(rollouts):
        rollout = collect(simulator, versions[max(0, k - lag)], seed, k * ROLLOUT_STEPS)
        discriminator.update(expert, rollout, generator(seed, "discriminator", k))
        logit, absorbing = discriminator.score(rollout)
        reward, absorbing_reward = rewards.logit(logit).numpy(), rewards.logit(absorbing).numpy()
        ppo.update(rollout, reward, absorbing_reward, generator(seed, "learner", k))
        versions.append(ppo.tensors())
    return ppo


def digest(tensors: dict[str, np.ndarray]) -> str:
    """One number for all weights."""
    parts = (name.encode() + tensors[name].tobytes() for name in sorted(tensors))
    return hashlib.sha256(b"".join(parts)).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--env", default="CartPole-v1")
    parser.add_argument("--demonstrations", required=True, help="an npz file")
    parser.add_argument("--count", type=int, default=10, help="demonstrations to use")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lag", type=int, default=1)
    parser.add_argument("--steps", type=int, default=65536, help="environment steps in all")
    options = parser.parse_args()
    torch.set_num_threads(1)
    simulator = Simulator(options.env, ENVIRONMENTS, options.seed)
    expert = demonstrations(options.demonstrations, options.count, simulator.bounds)
    start = time.perf_counter()
    rollouts = options.steps // (ROLLOUT_STEPS * ENVIRONMENTS)
    ppo = train(simulator, expert, options.seed, options.lag, rollouts)
    seconds = time.perf_counter() - start
    rate = rollouts * ROLLOUT_STEPS * ENVIRONMENTS / seconds
    print(json.dumps({"weights_digest": digest(ppo.tensors()), "steps_per_second": rate, "seconds": seconds}))


if __name__ == "__main__":
    main()
