"""Log-probability and entropy of actions, from the policy network's output."""

import math

import torch
from torch import Tensor


def categorical(logit: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
    """logit [B, A], action int64 [B] to log-probability [B] and entropy [B] in nats."""
    log_probs = torch.log_softmax(logit, dim=1)
    log_prob = log_probs.gather(1, action[:, None])[:, 0]
    return log_prob, -(log_probs * log_probs.exp()).sum(dim=1)


def gaussian(mean: Tensor, log_std: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
    """mean [B, A], log_std [A], action [B, A] to log-probability [B] and entropy [] in nats."""
    distance = (action - mean) * torch.exp(-log_std)
    log_prob = (-0.5 * distance.square() - log_std).sum(dim=1) - 0.5 * math.log(2 * math.pi) * mean.shape[1]
    return log_prob, (log_std + 0.5 * math.log(2 * math.pi * math.e)).sum()
