"""The part of soft actor-critic that depends on the kind of action: a squashed Gaussian, or a choice.

Both heads have the same methods. `output` is the actor's, [B, A] logits or [B, 2A] (see `learning.acting`);
`observation` is scaled, [B, O]; `action` is as `learning.pairs` has it, numbers or one-hot, [B, A]. Gradients are by
the output.
"""

from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from tutelage.learning import soft
from tutelage.learning.critics import Critics
from tutelage.learning.squashed import Squashed, tanh


class Loss(NamedTuple):
    """The actor's loss."""

    loss: Tensor  # []
    entropy: Tensor  # [], of the actor in nats; drawn, where actions are
    gradient: Tensor  # [B, out]


class Head(Protocol):
    """A kind of action."""

    def seen(self, observation: Tensor, action: Tensor) -> Tensor:
        """The critics' input."""

    def taken(self, action: Tensor) -> Tensor:
        """Which output of the critics belongs to this action: zeros and ones, [B, out]."""

    def last_value(
        self, critics: Critics, observation: Tensor, output: Tensor, temperature: float, generator: np.random.Generator
    ) -> Tensor:
        """The soft value of observations by the target critics, [B]."""

    def loss(
        self, critics: Critics, observation: Tensor, output: Tensor, temperature: float, generator: np.random.Generator
    ) -> Loss:
        """The actor's loss, its entropy, and the loss's gradient."""

    def cloning(self, output: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """The distance from the expert's actions and its gradient."""

    def likeliest(self, output: Tensor) -> np.ndarray:
        """The likeliest actions: float32 [B, A], or int64 choices [B]."""


class Numbers:
    """A Gaussian squashed by tanh; the critics see observation and action."""

    def seen(self, observation: Tensor, action: Tensor) -> Tensor:
        return torch.cat([observation, action], dim=1)

    def taken(self, action: Tensor) -> Tensor:
        return torch.ones(1, 1)

    def last_value(
        self, critics: Critics, observation: Tensor, output: Tensor, temperature: float, generator: np.random.Generator
    ) -> Tensor:
        drawn = _drawn(output, generator)
        values = critics.last_values(self.seen(observation, drawn.action))
        return soft.soft_value(values[:, :, 0], drawn.log_prob, temperature)

    def loss(
        self, critics: Critics, observation: Tensor, output: Tensor, temperature: float, generator: np.random.Generator
    ) -> Loss:
        drawn, batch = _drawn(output, generator), len(output)
        values, slope = critics.values_and_slope(self.seen(observation, drawn.action))
        gradient = drawn.backward(-slope[:, observation.shape[1] :] / batch, temperature / batch)
        loss = soft.actor_loss(soft.soft_value(values[:, :, 0], drawn.log_prob, temperature))
        return Loss(loss, -drawn.log_prob.mean(), gradient)

    def cloning(self, output: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        mode = tanh(output[:, : action.shape[1]])
        by_mean = 2 * (mode - action) * (1 - mode.square()) / len(action)
        return soft.cloning_loss(mode, action), torch.cat([by_mean, torch.zeros_like(by_mean)], dim=1)

    def likeliest(self, output: Tensor) -> np.ndarray:
        return tanh(output.chunk(2, dim=1)[0]).numpy()


class Choices:
    """A categorical distribution; the critics value each choice, so expectations are exact."""

    def seen(self, observation: Tensor, action: Tensor) -> Tensor:
        return observation

    def taken(self, action: Tensor) -> Tensor:
        return action

    def last_value(
        self, critics: Critics, observation: Tensor, output: Tensor, temperature: float, generator: np.random.Generator
    ) -> Tensor:
        return soft.soft_value_of_choices(critics.last_values(observation), output.log_softmax(dim=1), temperature)

    def loss(
        self, critics: Critics, observation: Tensor, output: Tensor, temperature: float, generator: np.random.Generator
    ) -> Loss:
        values, log_probs = critics.values(observation), output.log_softmax(dim=1)
        value, probs = soft.soft_value_of_choices(values, log_probs, temperature), log_probs.exp()
        gradient = -probs * (values.amin(dim=0) - temperature * log_probs - value[:, None]) / len(output)
        return Loss(soft.actor_loss(value), -(probs * log_probs).sum(dim=1).mean(), gradient)

    def cloning(self, output: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        return soft.cloning_loss_of_choices(output, action), (output.softmax(dim=1) - action) / len(action)

    def likeliest(self, output: Tensor) -> np.ndarray:
        return output.argmax(dim=1).numpy()


def _drawn(output: Tensor, generator: np.random.Generator) -> Squashed:
    shape = len(output), output.shape[1] // 2
    return Squashed(output, torch.from_numpy(generator.standard_normal(shape, dtype=np.float32)))
