"""The likelihood of applied actions: also of an expert's, which the policy did not draw."""

import math

import numpy as np
import torch
from torch import Tensor

from tutelage.learning.acting import Tensors, forward


def log_prob(tensors: Tensors, observation: np.ndarray, action: np.ndarray) -> np.ndarray:
    """The log-likelihood of actions under a policy of PPO (see `learning.acting`), in nats: float32 [B].

    observation: float32 [B, O]. action: int64 [B], or float32 [B, A] in the frame where the bounds are -1 and 1.
    """
    output = torch.from_numpy(forward(tensors, observation))
    if "policy.log_std" not in tensors:
        return output.log_softmax(dim=1).gather(1, torch.from_numpy(action)[:, None])[:, 0].numpy()
    log_std = torch.tensor(tensors["policy.log_std"])
    return censored_gaussian(output, log_std, torch.from_numpy(action)).numpy()


def censored_gaussian(mean: Tensor, log_std: Tensor, action: Tensor) -> Tensor:
    """Log-likelihood of actions that are drawn, then clipped to -1..1 (Tobin 1958): [B, A], [A], [B, A] to [B].

    Inside the bounds it is the Gaussian's log-density. A bound has all the probability beyond it. So the entropy of
    what is applied is limited, where that of the Gaussian grows with its deviation for ever.
    """
    std = log_std.exp()
    distance = (action - mean) / std
    inside = -0.5 * distance.square() - log_std - 0.5 * math.log(2 * math.pi)
    above, below = torch.special.log_ndtr((mean - 1) / std), torch.special.log_ndtr((-1 - mean) / std)
    return torch.where(action >= 1, above, torch.where(action <= -1, below, inside)).sum(dim=1)
