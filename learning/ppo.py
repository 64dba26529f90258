"""Proximal policy optimisation (Schulman et al. 2017) on given rewards.

Rewards are scaled by 1 - discount, so a value is a mean reward per step, on the same scale for every discount.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tutelage.learning import returns
from tutelage.learning.adam import Adam
from tutelage.learning.distributions import Categorical, Gaussian
from tutelage.learning.draws import generator as draw
from tutelage.learning.networks import Parameters, Pass, mlp_arrays
from tutelage.learning.normaliser import Normaliser
from tutelage.learning.rollout import Rollout, Spaces
from tutelage.learning.update import Batch, Update

METRICS = ("policy_gradient_loss", "value_loss", "entropy_loss", "approx_kl", "clip_fraction")
"""The losses of a gradient step, and what else is measured of it."""


@dataclass(frozen=True)
class Settings:
    """Settings of PPO."""

    learning_rate: float = 2e-3
    """at the beginning; it goes down to zero with the run's progress"""
    epochs: int = 4
    """passes over each rollout"""
    minibatch: int = 512
    """steps in a minibatch"""
    discount: float = returns.DISCOUNT
    """weight of the next step's reward relative to this step's"""
    gae_lambda: float = 0.95
    """lambda of the advantage estimate"""
    clip: float = 0.2
    """largest relative change of an action's probability that is still rewarded"""
    entropy_weight: float = 0.01
    """of the entropy bonus where actions are discrete"""
    continuous_entropy_weight: float = 0.0
    """of the entropy bonus where actions are continuous: there the spread starts wide"""
    excess_weight: float = 0.1
    """of the penalty on a continuous policy's means beyond the bounds"""
    value_weight: float = 0.5
    """of the value's loss"""
    max_norm: float = 0.5
    """of a gradient: a longer one is scaled down to it"""
    hidden: int = 64
    """units in each of the two layers"""


def policy_loss(ratio: np.ndarray, advantage: np.ndarray, clip: float) -> tuple[float, np.ndarray]:
    """The clipped surrogate loss, minus the mean of min(ratio A, clip(ratio) A), and its gradient by log ratio: [B]."""
    gain, clipped = ratio * advantage, ratio.clip(1 - clip, 1 + clip) * advantage
    return -np.minimum(gain, clipped).mean(), -gain * (gain <= clipped) / len(gain)


def value_loss(value: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean squared error, [B] each, and its gradient by the value."""
    error = value - target
    return np.square(error).mean(), 2 * error / len(error)


def excess(mean: np.ndarray) -> tuple[float, np.ndarray]:
    """Squared distance of means [B, A] beyond the bounds, -1 and 1, and its gradient.

    Beyond them all actions are applied as the bound, and nothing draws the means back. (rl_games' bounds loss,
    Makoviichuk and Makoviychuk 2021.)
    """
    beyond = mean - mean.clip(-1, 1)
    return np.square(beyond).sum(axis=1).mean(), 2 * beyond / len(beyond)


def shapes(tensors: Mapping[str, np.ndarray]) -> dict[str, list[int]]:
    """Their sizes."""
    return {name: list(tensors[name].shape) for name in sorted(tensors)}


class PPO:
    """The learner: policy and value network, their optimiser, and the normaliser of observations."""

    def __init__(self, spaces: Spaces, seed: int, settings: Settings = Settings()) -> None:
        self.spaces, self.settings = spaces, settings
        self.normaliser = Normaliser(spaces.observation)
        sizes = (spaces.observation, settings.hidden, settings.hidden)
        arrays = mlp_arrays("policy", (*sizes, spaces.action), draw(seed, "learner", "policy"), 0.01)
        arrays |= mlp_arrays("value", (*sizes, 1), draw(seed, "learner", "value"), 1.0)
        if not spaces.discrete:
            arrays["policy.log_std"] = np.zeros(spaces.action, np.float32)
        self.parameters = Parameters(arrays)
        self.adam = Adam(self.parameters.flat)

    @property
    def entropy_weight(self) -> float:
        s = self.settings
        return s.entropy_weight if self.spaces.discrete else s.continuous_entropy_weight

    def update(
        self,
        rollout: Rollout,
        reward: np.ndarray,
        absorbing_reward: np.ndarray | float,
        generator: np.random.Generator,
        progress: float = 0.0,
    ) -> dict[str, float]:
        """Trains on one rollout, which makes the next version; the learning rate falls with `progress`, 0 to 1.

        reward: float32 [T, N]. absorbing_reward: of each step after a termination, for ever, [T, N] or one
        number; zero where the task's end is worth nothing.
        """
        update = self.begin(rollout, reward, absorbing_reward, generator, progress)
        while update.minibatches:
            self.step(update, *self.gradient(update))
        return update.metrics(METRICS)

    def begin(
        self,
        rollout: Rollout,
        reward: np.ndarray,
        absorbing_reward: np.ndarray | float,
        generator: np.random.Generator,
        progress: float,
    ) -> Update:
        """Begins what `update` does at once; each minibatch of it takes a `gradient` and a `step`."""
        batch, figures = self._batch(rollout, reward, absorbing_reward)
        self.normaliser.update(rollout.observation)
        minibatches = self._minibatches(generator, len(batch.target))
        return Update(batch, minibatches, figures, self.settings.learning_rate * (1 - progress))

    def begin_with(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Loads a policy from another learner's `tensors()`; values are learned anew.

        Raises:
            ValueError: it has other observations or actions, or another size.
        """
        own = self.tensors()
        if shapes(tensors) != shapes(own):
            raise ValueError(f"it has {shapes(tensors)}, and {shapes(own)} is needed")
        self.normaliser.begin_with(tensors)
        for name in own.keys() & self.parameters.named.keys():
            self.parameters.named[name][:] = tensors[name]

    def tensors(self) -> dict[str, np.ndarray]:
        """For acting: the policy's weights and the normaliser, float32 by name (see `learning.acting`)."""
        arrays = self.parameters.arrays()
        return self.normaliser.tensors() | {name: array for name, array in arrays.items() if name.startswith("policy")}

    def state(self) -> dict[str, np.ndarray]:
        """Everything the next update depends on; `load` of it makes the continuation the same to the bit."""
        adam = {f"adam.{name}": array for name, array in self.adam.state().items()}
        normaliser = {f"normaliser.{name}": array for name, array in self.normaliser.state().items()}
        return adam | normaliser

    def load(self, state: dict[str, np.ndarray]) -> None:
        self.adam.load({name[5:]: array for name, array in state.items() if name.startswith("adam.")})
        self.normaliser.load({name[11:]: array for name, array in state.items() if name.startswith("normaliser.")})

    def _batch(
        self, rollout: Rollout, reward: np.ndarray, absorbing_reward: np.ndarray | float
    ) -> tuple[Batch, dict[str, float]]:
        """The rollout as rows [T * N, ...], with advantages and returns."""
        s = self.settings
        scale = 1 - s.discount
        value, next_value = self._value(rollout.observation), self._value(rollout.next_observation)
        ending = scale * returns.absorbing_value(absorbing_reward, s.discount)
        next_value = np.where(rollout.terminated, ending, next_value)
        ended = rollout.terminated | rollout.truncated
        advantage, target = returns.gae(scale * reward, value, next_value, ended, s.discount, s.gae_lambda)
        metrics = {
            "train/explained_variance": float(1 - (target - value).var() / max(target.var(), 1e-12)),
            "train/advantage_std": float(advantage.std()),
        }
        advantage = (advantage - advantage.mean()) / max(float(advantage.std()), 1e-8)
        action = rollout.action.reshape(-1, *rollout.action.shape[2:])
        numbers = (column.reshape(-1).astype(np.float32) for column in (rollout.log_prob, advantage, target))
        return Batch(self._normalised(rollout.observation), action, *numbers), metrics

    def gradient(self, update: Update, part: int = 0, parts: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """The gradient of the next minibatch, [parameters], and its losses in the order of METRICS.

        Of one of several equal `parts` of its rows: those of all parts add up to the minibatch's.
        """
        batch, weight = update.share(part, parts)
        s, named = self.settings, self.parameters.named
        policy, value = (Pass(named, name, batch.observation) for name in ("policy", "value"))
        distribution = self._distribution(policy.output, batch.action)
        log_ratio = distribution.log_prob - batch.log_prob
        ratio = np.exp(log_ratio)
        pg_loss, by_log_prob = policy_loss(ratio, batch.advantage, s.clip)
        v_loss, by_value = value_loss(value.output[:, 0], batch.target)
        by_output, *more = distribution.gradient(by_log_prob, -self.entropy_weight)
        if not self.spaces.discrete:
            by_output += s.excess_weight * excess(policy.output)[1]
        gradients = policy.gradient(by_output), value.gradient(s.value_weight * by_value[:, None]), *more
        approx_kl, clip_fraction = (ratio - 1 - log_ratio).mean(), (np.abs(ratio - 1) > s.clip).mean()
        losses = np.array([pg_loss, v_loss, -distribution.entropy.mean(), approx_kl, clip_fraction], np.float32)
        return weight * np.concatenate(gradients), weight * losses

    def step(self, update: Update, gradient: np.ndarray, losses: np.ndarray) -> None:
        """Takes the gradient step of the next minibatch."""
        self.adam.step(gradient, update.learning_rate, self.settings.max_norm)
        update.took(losses)

    def _distribution(self, output: np.ndarray, action: np.ndarray) -> Categorical | Gaussian:
        if self.spaces.discrete:
            return Categorical(output, action)
        return Gaussian(output, self.parameters.named["policy.log_std"], action)

    def _minibatches(self, generator: np.random.Generator, rows: int) -> list[np.ndarray]:
        """Of all epochs."""
        s = self.settings
        cuts = range(s.minibatch, rows, s.minibatch)
        return [part for _ in range(s.epochs) for part in np.split(generator.permutation(rows), cuts)]

    def _normalised(self, observation: np.ndarray) -> np.ndarray:
        tensors = self.normaliser.tensors()
        rows = observation.reshape(-1, observation.shape[-1])
        return (rows - tensors["observation.mean"]) * tensors["observation.scale"]

    def _value(self, observation: np.ndarray) -> np.ndarray:
        value = Pass(self.parameters.named, "value", self._normalised(observation)).output
        return value.reshape(observation.shape[:-1])
