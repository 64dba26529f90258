"""The shaped reward of AIRL (Fu, Luo and Levine 2018), f(s, s') = g(s) + discount * h(s') - h(s), and its gradients.

The network of h gives (1 - discount) h: a value is a sum of rewards over 1 / (1 - discount) steps, and without this
scale h stays small, and g must do its work.
"""

from collections.abc import Mapping

import numpy as np

from tutelage.learning.networks import Pass

ABSORBING_SCALE = 50
"""Numbers of the absorbing state to their parameters: Adam moves a parameter by the learning rate at most."""


def shaped(reward: np.ndarray, value: np.ndarray, next_value: np.ndarray, discount: float) -> np.ndarray:
    """f: the reward g plus the shaping discount * h(s') - h(s). All are [B]."""
    return reward + discount * next_value - value


def of_absorbing(named: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """g and (1 - discount) h of the absorbing state, [1] each."""
    return ABSORBING_SCALE * named["absorbing.reward"], ABSORBING_SCALE * named["absorbing.potential"]


class Shaped:
    """B transitions on their way through the networks.

    Attributes:
        f: float32 [B].
    """

    def __init__(
        self,
        named: Mapping[str, np.ndarray],
        inputs: np.ndarray,
        absorbing: np.ndarray,
        ended: np.ndarray,
        discount: float,
    ) -> None:
        """inputs: scaled observations, then the next ones, [2 B, O]; absorbing, ended: whether the observation, and
        the next one, stand for the absorbing state, bool [B]."""
        self.absorbing, self.ended, self.discount = absorbing, ended, discount
        self.reward, self.potential = Pass(named, "reward", inputs[: len(ended)]), Pass(named, "potential", inputs)
        absorbing_reward, absorbing_potential = of_absorbing(named)
        reward = np.where(absorbing, absorbing_reward, self.reward.output[:, 0])
        potential, following = np.split(self.potential.output[:, 0], 2)
        value = np.where(absorbing, absorbing_potential, potential) / (1 - discount)
        next_value = np.where(ended, absorbing_potential, following) / (1 - discount)
        self.f = shaped(reward, value, next_value, discount)

    def slope(self) -> np.ndarray:
        """The gradient of all outputs by their inputs, [2 B, O]."""
        slope = self.potential.slope()
        slope[: len(self.ended)] += self.reward.slope()
        return slope

    def gradient(self, by_f: np.ndarray, by_slope: np.ndarray) -> np.ndarray:
        """By the parameters of reward and potential and the two of the absorbing state, from those by f and slope."""
        by_value, by_next = -by_f / (1 - self.discount), self.discount * by_f / (1 - self.discount)
        by_reward = np.where(self.absorbing, 0, by_f)
        by_potential = np.concatenate([np.where(self.absorbing, 0, by_value), np.where(self.ended, 0, by_next)])
        of_absorbing = by_f[self.absorbing].sum(), by_value[self.absorbing].sum() + by_next[self.ended].sum()
        return np.concatenate(
            [
                self.reward.gradient_with_slope(by_reward[:, None], by_slope[: len(by_f)]),
                self.potential.gradient_with_slope(by_potential[:, None], by_slope),
                ABSORBING_SCALE * np.array(of_absorbing),
            ],
            dtype=np.float32,
        )
