"""The peer of bench/cloning.py: behaviour cloning by the library `imitation`, with its defaults, in its own Python.

Takes pairs from a file of cloning.py's and leaves the policy's weights in another, under the names of our own policy,
which has the same layers; so that both are evaluated by the same code in the same environments. Prints the seconds.

    python bench/imitation_bc.py pairs.npz weights.npz --epochs 10 --seed 0
"""

import argparse
import os
import tempfile
import time
import warnings

os.environ["OMP_NUM_THREADS"] = "1"
warnings.filterwarnings("ignore")

import gymnasium as gym
import numpy as np
import torch
from imitation.algorithms.bc import BC
from imitation.data.types import Transitions
from imitation.util import logger


def pairs(data: dict[str, np.ndarray]) -> Transitions:
    """As the library takes them. Cloning reads observations and actions alone."""
    count = len(data["action"])
    nothing = np.array([{}] * count)
    over = np.zeros(count, bool)
    return Transitions(data["observation"], data["action"], nothing, np.zeros_like(data["observation"]), over)


def trainer(data: dict[str, np.ndarray], seed: int) -> BC:
    observations = gym.spaces.Box(-np.inf, np.inf, data["observation"].shape[1:], np.float32)
    if "low" in data:
        actions: gym.Space = gym.spaces.Box(data["low"], data["high"], dtype=np.float32)
    else:
        actions = gym.spaces.Discrete(int(data["choices"]))
    return BC(
        observation_space=observations,
        action_space=actions,
        demonstrations=pairs(data),
        rng=np.random.default_rng(seed),
        custom_logger=logger.configure(tempfile.mkdtemp(), format_strs=[]),
        device="cpu",
    )


def weights(policy: torch.nn.Module, data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The network under our names; a continuous action comes out in the frame where the bounds are -1 and 1."""
    layers = [policy.mlp_extractor.policy_net[0], policy.mlp_extractor.policy_net[2], policy.action_net]
    arrays = {"observation.mean": np.zeros(1, np.float32), "observation.scale": np.ones(1, np.float32)}
    for i, layer in enumerate(layers):
        arrays[f"policy.{i}.weight"] = layer.weight.detach().numpy()
        arrays[f"policy.{i}.bias"] = layer.bias.detach().numpy()
    if "low" in data:
        half = (data["high"] - data["low"]) / 2
        arrays["policy.2.weight"] = arrays["policy.2.weight"] / half[:, None]
        arrays["policy.2.bias"] = (arrays["policy.2.bias"] - data["low"]) / half - 1
        arrays["policy.log_std"] = policy.log_std.detach().numpy() - np.log(half)
    return arrays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs")
    parser.add_argument("weights")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    data = dict(np.load(options.pairs, allow_pickle=False))
    cloning = trainer(data, options.seed)
    wall, cpu = time.perf_counter(), time.process_time()
    cloning.train(n_epochs=options.epochs, progress_bar=False)
    print(time.perf_counter() - wall, time.process_time() - cpu)
    np.savez(options.weights, **weights(cloning.policy, data))


if __name__ == "__main__":
    main()
