"""The reward that a run recovered: of the state alone (airl.yaml), or of state and action (iq.yaml)."""

import numpy as np

from tutelage.learning.acting import Tensors
from tutelage.learning.critic_reward import critic_reward
from tutelage.learning.rollout import Rollout
from tutelage.learning.state_reward import state_reward


def recovered_reward(tensors: Tensors, steps: Rollout) -> tuple[np.ndarray, np.ndarray]:
    """The rewards of steps, and of the absorbing states after them, float32 [T, N] each."""
    if depends_on_action(tensors):
        return critic_reward(tensors, steps)
    absorbing = np.broadcast_to(tensors["absorbing.reward"].reshape(1), steps.terminated.shape)
    return state_reward(tensors, steps.observation), absorbing


def depends_on_action(tensors: Tensors) -> bool:
    """Whether it is a critic's."""
    return "critic.0.weight" in tensors
