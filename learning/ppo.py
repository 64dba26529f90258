"""Proximal policy optimisation (Schulman et al. 2017) on given rewards.

Rewards are scaled by 1 - discount, so a value is a mean reward per step, on the same scale for every discount.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from tutelage.learning import returns
from tutelage.learning.adam import Adam
from tutelage.learning.distributions import categorical, gaussian
from tutelage.learning.draws import generator as draw
from tutelage.learning.networks import Parameters, fast_mlp, mlp_arrays
from tutelage.learning.normaliser import Normaliser
from tutelage.learning.rollout import Rollout, Spaces
from tutelage.learning.update import Metrics, Update

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


def policy_loss(log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor, clip: float) -> Tensor:
    """The clipped surrogate loss: minus the mean of min(ratio A, clip(ratio) A). All are [batch]."""
    ratio = torch.exp(log_prob - old_log_prob)
    return -torch.min(advantage * ratio, advantage * ratio.clamp(1 - clip, 1 + clip)).mean()


def value_loss(value: Tensor, target: Tensor) -> Tensor:
    """Mean squared error, [batch] each."""
    return (value - target).square().mean()


def excess(mean: Tensor) -> Tensor:
    """Squared distance of means [batch, A] beyond the bounds, -1 and 1.

    Beyond them all actions are applied as the bound, and nothing draws the means back. (rl_games' bounds loss,
    Makoviichuk and Makoviychuk 2021.)
    """
    return (mean.abs() - 1).clamp(min=0).square().sum(dim=1).mean()


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
    ) -> Metrics:
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
        epochs = [self._minibatches(generator, len(batch["return"])) for _ in range(self.settings.epochs)]
        return Update(batch, list(chain(*epochs)), figures, self.settings.learning_rate * (1 - progress))

    def begin_with(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Loads a policy from another learner's `tensors()`; values are learned anew.

        Raises:
            ValueError: it has other observations or actions, or another size.
        """
        own = self.tensors()
        if shapes(tensors) != shapes(own):
            raise ValueError(f"it has {shapes(tensors)}, and {shapes(own)} is needed")
        self.normaliser.begin_with(tensors)
        with torch.no_grad():
            for name in own.keys() & self.parameters.named.keys():
                self.parameters.named[name].copy_(torch.tensor(tensors[name]))

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
    ) -> tuple[dict[str, Tensor], Metrics]:
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
        rows = {
            "observation": self._normalised(rollout.observation),
            "action": torch.tensor(rollout.action.reshape(-1, *rollout.action.shape[2:])),
            "log_prob": _rows(rollout.log_prob),
            "advantage": _rows(advantage),
            "return": _rows(target),
        }
        return rows, metrics

    def gradient(self, update: Update, part: int = 0, parts: int = 1) -> tuple[Tensor, Tensor]:
        """The gradient of the next minibatch, [parameters], and its losses in the order of METRICS.

        Of one of several equal `parts` of its rows: those of all parts add up to the minibatch's.
        """
        batch, weight = update.share(part, parts)
        s, named = self.settings, self.parameters.named
        output = fast_mlp(named, "policy", batch["observation"])
        if self.spaces.discrete:
            log_prob, entropy = categorical(output, batch["action"])
        else:
            log_prob, entropy = gaussian(output, named["policy.log_std"], batch["action"])
        value = fast_mlp(named, "value", batch["observation"])[:, 0]
        pg_loss = policy_loss(log_prob, batch["log_prob"], batch["advantage"], s.clip)
        v_loss, entropy_loss = value_loss(value, batch["return"]), -entropy.mean()
        loss = pg_loss + s.value_weight * v_loss + self.entropy_weight * entropy_loss
        if not self.spaces.discrete:
            loss = loss + s.excess_weight * excess(output)
        gradient = self.parameters.gradient(weight * loss)
        with torch.no_grad():
            log_ratio = log_prob - batch["log_prob"]
            approx_kl = (log_ratio.exp() - 1 - log_ratio).mean()
            clip_fraction = ((log_ratio.exp() - 1).abs() > s.clip).float().mean()
            return gradient, weight * torch.stack([pg_loss, v_loss, entropy_loss, approx_kl, clip_fraction])

    def step(self, update: Update, gradient: Tensor, losses: Tensor) -> None:
        """Takes the gradient step of the next minibatch."""
        self.adam.step(gradient, update.learning_rate, self.settings.max_norm)
        update.took(losses)

    def _minibatches(self, generator: np.random.Generator, rows: int) -> tuple[Tensor, ...]:
        return torch.tensor(generator.permutation(rows)).split(self.settings.minibatch)

    def _normalised(self, observation: np.ndarray) -> Tensor:
        tensors = self.normaliser.tensors()
        rows = observation.reshape(-1, observation.shape[-1])
        return torch.tensor((rows - tensors["observation.mean"]) * tensors["observation.scale"])

    @torch.no_grad()
    def _value(self, observation: np.ndarray) -> np.ndarray:
        value = fast_mlp(self.parameters.named, "value", self._normalised(observation))
        return value.numpy().reshape(observation.shape[:-1])


def _rows(array: np.ndarray) -> Tensor:
    return torch.tensor(array.reshape(-1), dtype=torch.float32)
