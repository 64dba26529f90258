"""GAIL in one process: no bus, no nodes, gymnasium's own vectorised environment, the same `learning/` functions.

The node graph ends in the same digest of weights, and faster. Prints one line of JSON.

    python bench/plain_loop.py --seed 0 --lag 1
"""

import argparse
import hashlib
import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy: as in the processes of a run

import gymnasium as gym
import numpy as np
from safetensors.numpy import save

from tutelage.learning import rewards
from tutelage.learning.acting import act
from tutelage.learning.draws import episode_seed, generator
from tutelage.learning.gail import Discriminator
from tutelage.learning.ppo import PPO
from tutelage.learning.rollout import Demonstration, Rollout, Spaces
from tutelage.tasks.known import LAWS
from tutelage.tasks.playing import episode, observations

ROLLOUT_STEPS, ENVIRONMENTS = 64, 32


class Simulator:
    """N environments whose episodes are seeded one by one; the first ones are cut short, each at another step."""

    def __init__(self, env_id: str, environments: int, seed: int) -> None:
        disabled = {"autoreset_mode": gym.vector.AutoresetMode.DISABLED}
        self.envs = gym.make_vec(env_id, environments, vectorization_mode="sync", vector_kwargs=disabled)
        self.seed, self.episodes, self.length = seed, np.zeros(environments, np.int64), np.zeros(environments, np.int64)
        assert self.envs.spec is not None and self.envs.spec.max_episode_steps is not None
        self.first_length = self.envs.spec.max_episode_steps * np.arange(1, environments + 1) // environments
        observation, action = self.envs.single_observation_space, self.envs.single_action_space
        assert observation.shape is not None
        self.spaces = Spaces(observation.shape[0], int(action.n), discrete=True)
        self.observation = self.reset(np.ones(environments, bool))

    def reset(self, mask: np.ndarray) -> np.ndarray:
        """The observation after the masked environments began their next episode."""
        seeds = [episode_seed(self.seed, i, int(j)) if mask[i] else None for i, j in enumerate(self.episodes)]
        self.episodes[mask] += 1
        self.length[mask] = 0
        return self.envs.reset(seed=seeds, options={"reset_mask": mask})[0]

    def step(self, action: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Next observation, terminated, truncated; then `self.observation` is what the next action answers to."""
        observation, _, terminated, truncated, _ = self.envs.step(action)
        self.length += 1
        truncated |= (self.episodes == 1) & (self.length == self.first_length) & ~terminated
        ended = terminated | truncated
        self.observation = self.reset(ended) if ended.any() else observation
        return observation, terminated, truncated


def collect(simulator: Simulator, tensors: dict[str, np.ndarray], seed: int, k: int) -> Rollout:
    """Rollout k with one version of the weights."""
    rows = []
    for step in range(ROLLOUT_STEPS):
        observation = simulator.observation
        action, log_prob = act(tensors, observation, generator(seed, "policy", "action", k, step))
        following, terminated, truncated = simulator.step(action)
        rows.append((observation, action, following, log_prob, terminated, truncated))
    return Rollout(*map(np.array, zip(*rows, strict=True)))


def demonstrations(env: str, count: int, seed: int) -> list[Demonstration]:
    """Episodes of the scripted expert, as the demonstrator node shows them."""
    environment, shown = gym.make(env, disable_env_checker=True), []
    for i in range(count):
        steps = list(episode(environment, LAWS[env], int(generator(seed, "teleoperator", i).integers(2**31))))
        actions = np.array([step.action for step in steps])
        shown.append(Demonstration(observations(steps), actions, steps[-1].terminated, steps[-1].truncated))
    return shown


def train(simulator: Simulator, expert: list[Demonstration], seed: int, lag: int, rollouts: int) -> PPO:
    """Rollout k is collected with weights version max(0, k - lag); training on it makes version k + 1."""
    ppo, discriminator = PPO(simulator.spaces, seed), Discriminator(simulator.spaces, seed)
    versions = [ppo.tensors()]
    for k in range(rollouts):
        rollout = collect(simulator, versions[max(0, k - lag)], seed, k)
        progress = k / rollouts
        discriminator.update(expert, rollout, generator(seed, "discriminator", k), progress)
        logit, absorbing = discriminator.score(rollout)
        reward, absorbing_reward = rewards.logit(logit), rewards.logit(absorbing)
        ppo.update(rollout, reward, absorbing_reward, generator(seed, "learner", k), progress)
        versions.append(ppo.tensors())
    return ppo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lag", type=int, default=1)
    parser.add_argument("--steps", type=int, default=114688, help="environment steps in all")
    options = parser.parse_args()
    simulator = Simulator("CartPole-v1", ENVIRONMENTS, options.seed)
    start = time.perf_counter()
    expert = demonstrations("CartPole-v1", 10, options.seed)
    rollouts = options.steps // (ROLLOUT_STEPS * ENVIRONMENTS)
    ppo = train(simulator, expert, options.seed, options.lag, rollouts)
    weights = save(ppo.tensors())
    seconds = time.perf_counter() - start
    rate = round(rollouts * ROLLOUT_STEPS * ENVIRONMENTS / seconds)
    digest = hashlib.sha256(weights).hexdigest()
    print(json.dumps({"weights_digest": digest, "steps_per_second": rate, "seconds_learning": round(seconds, 3)}))


if __name__ == "__main__":
    main()
