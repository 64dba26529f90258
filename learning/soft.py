"""The targets and losses of soft actor-critic (Haarnoja et al. 2018; of choices: Christodoulou 2019).

Values are of K critics: [K, B] of the actions taken or drawn, [K, B, A] of all choices. Log-probabilities are in nats.
The learner uses gradients that are written out; these are the functions that they are the gradients of.
"""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


def n_step(reward: Tensor, counts: Tensor, discount: float) -> tuple[Tensor, Tensor]:
    """The sum of discount^k r_k over the m steps that count, and discount^m: [n, B], bool [n, B] to two of [B]."""
    powers = discount ** torch.arange(len(reward) + 1, dtype=torch.float32)
    return (reward * counts * powers[:-1, None]).sum(dim=0), powers[counts.sum(dim=0)]


def soft_value(value: Tensor, log_prob: Tensor, temperature: float) -> Tensor:
    """min Q - temperature log pi of drawn actions, [B]."""
    return value.amin(dim=0) - temperature * log_prob


def soft_value_of_choices(value: Tensor, log_probs: Tensor, temperature: float) -> Tensor:
    """The policy's expectation of the same, [B]; log_probs are [B, A]."""
    return (log_probs.exp() * (value.amin(dim=0) - temperature * log_probs)).sum(dim=1)


def critic_loss(value: Tensor, target: Tensor) -> Tensor:
    """Half the mean squared error, summed over the critics: [K, B] and [B]."""
    return 0.5 * (value - target).square().mean(dim=1).sum()


def actor_loss(soft: Tensor) -> Tensor:
    """Minus the mean soft value, [B], of the actor's actions."""
    return -soft.mean()


def temperature_loss(log_temperature: Tensor, entropy: Tensor, target_entropy: float) -> Tensor:
    """log temperature times the excess of entropy, [B], over its target.

    The paper has the temperature instead of its logarithm: the same sign, another speed.
    """
    return log_temperature * (entropy - target_entropy).mean()


def cloning_loss(mode: Tensor, action: Tensor) -> Tensor:
    """Mean squared distance of the actor's likeliest actions from the expert's, [B, A] each."""
    return (mode - action).square().sum(dim=1).mean()


def cloning_loss_of_choices(logit: Tensor, action: Tensor) -> Tensor:
    """Minus the mean log-probability of the expert's choices: logits and one-hot choices, [B, A] each."""
    return cross_entropy(logit, action)
