"""Advantages and returns, for the three ways a step can end.

- the episode continues, perhaps beyond the rollout: bootstrap with the value of the next observation
- truncated (a time limit): the same, with the episode's true last observation
- terminated (the task is over): an absorbing state follows that pays `absorbing_reward` for ever,
  worth `absorbing_reward / (1 - discount)` (Kostrikov et al. 2019, DAC, in closed form); zero where it pays nothing
"""

import numpy as np

DISCOUNT = 0.98
"""of a step's reward, for the learner and for the discriminator, which weighs absorbing states by it"""


def absorbing_value(absorbing_reward: np.ndarray | float, discount: float) -> np.ndarray | float:
    """The value of a state that pays this reward at every step for ever."""
    return absorbing_reward / (1 - discount)


def gae(
    reward: np.ndarray,
    value: np.ndarray,
    next_value: np.ndarray,
    ended: np.ndarray,
    discount: float,
    gae_lambda: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Generalised advantage estimation (Schulman et al. 2016): advantages and returns, each [T, N].

    reward, value, next_value are [T, N]; next_value is already right for steps that ended (see above).
    ended: bool [T, N], terminated or truncated: no advantage is carried back across it.
    """
    delta = reward + discount * next_value - value
    carry = discount * gae_lambda * ~ended
    advantage = np.zeros_like(delta)
    later = np.zeros_like(delta[0])
    for step in reversed(range(len(delta))):
        later = delta[step] + carry[step] * later
        advantage[step] = later
    return advantage, advantage + value
