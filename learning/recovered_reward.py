"""The reward that a run recovered: of the state alone (airl.yaml), or of state and action (iq.yaml)."""

from collections.abc import Mapping

import numpy as np

from tutelage.learning.critic_reward import critic_reward
from tutelage.learning.rollout import Rollout
from tutelage.learning.state_reward import state_reward


def recovered_reward(tensors: Mapping[str, np.ndarray], steps: Rollout) -> tuple[np.ndarray, np.ndarray]:
    """The rewards of steps, and of the absorbing states after them, float32 [T, N] each."""
    if "critic.0.weight" in tensors:
        return critic_reward(tensors, steps)
    return state_reward(tensors, steps.observation), np.broadcast_to(
        tensors["absorbing.reward"].reshape(1), steps.terminated.shape
    )
