"""The likelihood of applied actions: also of an expert's, which the policy did not draw."""

import math

import numpy as np

from tutelage.learning.acting import Tensors, forward
from tutelage.learning.distributions import Categorical

FAR = 30.0
"""So many deviations from the mean the series for the tail is exact to 1e-7."""


def log_prob(tensors: Tensors, observation: np.ndarray, action: np.ndarray) -> np.ndarray:
    """The log-likelihood of actions under a policy of PPO (see `learning.acting`), in nats: float32 [B].

    observation: float32 [B, O]. action: int64 [B], or float32 [B, A] in the frame where the bounds are -1 and 1.
    """
    output = forward(tensors, observation)
    if "policy.log_std" not in tensors:
        return Categorical(output, action).log_prob
    return censored_gaussian(output, tensors["policy.log_std"], action)


def censored_gaussian(mean: np.ndarray, log_std: np.ndarray, action: np.ndarray) -> np.ndarray:
    """Log-likelihood of actions that are drawn, then clipped to -1..1 (Tobin 1958): [B, A], [A], [B, A] to float32 [B].

    Inside the bounds it is the Gaussian's log-density. A bound has all the probability beyond it. So the entropy of
    what is applied is limited, where that of the Gaussian grows with its deviation for ever.
    """
    std = np.exp(log_std, dtype=np.float64)
    found = -0.5 * ((action - mean) / std) ** 2 - log_std - 0.5 * math.log(2 * math.pi)
    above, below = action >= 1, action <= -1
    found[above] = log_ndtr(((mean - 1) / std)[above])
    found[below] = log_ndtr(((-1 - mean) / std)[below])
    return found.sum(axis=1).astype(np.float32)


def log_ndtr(x: np.ndarray) -> np.ndarray:
    """The logarithm of the probability that a normal number of deviation one is below x: float64 [N] to float64 [N]."""
    tail = np.array([math.erfc(one) for one in np.minimum(np.abs(x), FAR) / math.sqrt(2)]) / 2
    far = np.minimum(x, -FAR)
    series = -0.5 * far**2 - np.log(-far * math.sqrt(2 * math.pi)) + np.log1p(-(far**-2.0) + 3 * far**-4.0)
    return np.where(x > 0, np.log1p(-tail), np.where(x > -FAR, np.log(tail), series))
