"""Twin critics with layer norm, and their target networks: copies that follow slowly."""

import numpy as np
import torch
from torch import Tensor

from tutelage.learning import relu, soft
from tutelage.learning.adam import Adam
from tutelage.learning.relu import Parameters


class Critics:
    """Two networks of three layers. Their inputs include a continuous action; of discrete ones they value each."""

    def __init__(self, sizes: tuple[int, ...], generator: np.random.Generator, tau: float) -> None:
        """sizes: of the four layers; tau: share that the copies take over at each gradient step."""
        arrays = relu.arrays("critic", 2, sizes, generator, 1.0)
        self.parameters, self.copies, self.tau = Parameters(arrays), Parameters(arrays), tau
        self.adam = Adam(self.parameters.flat)

    def last_values(self, seen: Tensor) -> Tensor:
        """By the copies, [2, B, out]; seen: [B, in]."""
        return relu.forward(self.copies.named, "critic", seen, norm=True)[0]

    def values(self, seen: Tensor) -> Tensor:
        """[2, B, out]."""
        return relu.forward(self.parameters.named, "critic", seen, norm=True)[0]

    def values_and_slope(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Values of one action, [2, B, 1], and the gradient of the lesser of the two by `seen`, [B, in]."""
        values, trace = relu.forward(self.parameters.named, "critic", seen, norm=True)
        least = (values == values.amin(dim=0)).float()
        return values, relu.slope(self.parameters.named, "critic", trace, least)

    def step(self, seen: Tensor, taken: Tensor, target: Tensor, rate: float) -> tuple[float, float]:
        """One gradient step towards the targets [B]; the loss and the mean value.

        taken: which of the outputs the target is of, [B, out] of zeros and ones.
        """
        output, trace = relu.forward(self.parameters.named, "critic", seen, norm=True)
        value = (output * taken).sum(dim=2)
        by_output = ((value - target) / len(target))[:, :, None] * taken
        parts = relu.backward(self.parameters.named, "critic", trace, by_output)
        self.adam.step(torch.cat([part.ravel() for part in parts]), rate)
        self.copies.flat.lerp_(self.parameters.flat, self.tau)
        return soft.critic_loss(value, target).item(), value.mean().item()

    def state(self) -> dict[str, np.ndarray]:
        return self.adam.state() | {"copies": self.copies.flat.numpy().copy()}

    @torch.no_grad()
    def load(self, state: dict[str, np.ndarray]) -> None:
        self.adam.load(state)
        self.copies.flat.copy_(torch.tensor(state["copies"]))
