"""What the discriminators of adversarial imitation share: settings, loss, penalties with their gradients, measures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tutelage.learning.returns import DISCOUNT
from tutelage.learning.rewards import sigmoid, softplus
from tutelage.learning.rollout import Demonstration


@dataclass(frozen=True)
class Settings:
    """Settings that all discriminators have."""

    learning_rate: float = 1e-3
    """at the beginning"""
    final_learning_rate: float = 0.0
    """at the end of the run"""
    steps: int = 4
    """gradient steps a rollout"""
    batch: int = 512
    """pairs of each side in a step"""
    penalty_weight: float = 0.0
    discount: float = DISCOUNT
    """give the learner's: it does not follow from it"""
    memory: int = 65_536
    """pairs of the policy's past that are kept: one that forgets rewards old errors, and drifts where nobody goes"""
    remembered: int = 256
    """pairs of each rollout that are added to the memory"""
    memory_share: float = 0.5
    """share of the policy's pairs in a step that come from the memory: with 1 none are of the newest rollout"""
    hidden: int = 64
    """units in each of the two layers"""


def discriminator_loss(expert_logit: np.ndarray, policy_logit: np.ndarray) -> tuple[float, np.ndarray]:
    """Binary cross-entropy, the expert's pairs labelled 1: -log D on those, -log(1 - D) on the policy's.

    [E] and [P] to the loss and its gradient by all logits, [E + P].
    """
    loss = softplus(-expert_logit).mean() + softplus(policy_logit).mean()
    by_expert, by_policy = -sigmoid(-expert_logit) / len(expert_logit), sigmoid(policy_logit) / len(policy_logit)
    return loss, np.concatenate([by_expert, by_policy])


def gradient_penalty(slope: np.ndarray) -> tuple[float, np.ndarray]:
    """Half the mean squared norm of the logit's slope, [B, in], zero-centred (Mescheder et al. 2018, R1/R2).

    Returns it and its gradient by the slope.
    """
    return 0.5 * np.square(slope).sum(axis=1).mean(), slope / len(slope)


def interpolated_penalty(slope: np.ndarray, wanted: float) -> tuple[float, np.ndarray]:
    """Mean squared distance of the slope's norm from the wanted one (Gulrajani et al. 2017, where that is 1).

    [B, in] to the penalty and its gradient by the slope.
    """
    norm = np.sqrt(np.square(slope).sum(axis=1, keepdims=True) + 1e-12)
    return np.square(norm - wanted).mean(), 2 * (1 - wanted / norm) * slope / len(slope)


def scaling(demonstrations: Sequence[Demonstration]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and 1 / deviation of the expert's observations, float32 [O] each. What never changes is only shifted."""
    observation = np.concatenate([demonstration.observation for demonstration in demonstrations])
    deviation = observation.std(axis=0)
    return observation.mean(axis=0), (1 / np.where(deviation > 1e-6, deviation, 1)).astype(np.float32)


def measured(loss: float, penalty: float, expert_logit: np.ndarray, policy_logit: np.ndarray) -> tuple[float, ...]:
    """Loss, penalty and accuracies of one step."""
    return loss, penalty, (expert_logit > 0).mean(), (policy_logit < 0).mean()


def means(steps: Sequence[tuple[float, ...]]) -> dict[str, float]:
    """The means of what was `measured`."""
    names = ("loss", "gradient_penalty", "accuracy_expert", "accuracy_policy")
    found = np.mean(steps, axis=0).tolist()
    return {f"discriminator/{name}": mean for name, mean in zip(names, found, strict=True)}
