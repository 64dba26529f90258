"""A reward of the state alone, which was recovered from demonstrations (`learning.airl`). Runs without torch."""

from collections.abc import Mapping

import numpy as np

from tutelage.learning.networks import Pass

Tensors = Mapping[str, np.ndarray]

NAMES = (
    *("observation.mean", "observation.scale", "absorbing.reward"),
    *(f"reward.{layer}.{part}" for layer in range(3) for part in ("weight", "bias")),
)
"""The scaling of observations, the reward of the absorbing state [1], and three layers with tanh between them."""


def state_reward(tensors: Tensors, observation: np.ndarray) -> np.ndarray:
    """g(s) of observations float32 [..., O]: float32 [...], up to a constant, which is the absorbing state's, too."""
    x = (observation - tensors["observation.mean"]) * tensors["observation.scale"]
    return Pass(tensors, "reward", x).output[..., 0]
