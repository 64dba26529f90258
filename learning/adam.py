"""Adam over one flat vector. (Creating torch's own in a fresh process imports for a second.)"""

import numpy as np
import torch
from torch import Tensor


class Adam:
    """Kingma and Ba 2015, with the gradient's norm clipped first."""

    def __init__(self, flat: Tensor, betas: tuple[float, float] = (0.9, 0.999), epsilon: float = 1e-5) -> None:
        self.flat, self.betas, self.epsilon = flat, betas, epsilon
        self.mean, self.square = torch.zeros_like(flat), torch.zeros_like(flat)
        self.steps = 0

    @torch.no_grad()
    def step(self, gradient: Tensor, learning_rate: float, max_norm: float = float("inf")) -> None:
        """Moves the vector against the gradient, in place."""
        self.steps += 1
        beta1, beta2 = self.betas
        if max_norm < float("inf"):
            gradient = gradient * (max_norm / (gradient.norm() + 1e-6)).clamp(max=1.0)
        self.mean.lerp_(gradient, 1 - beta1)
        self.square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        deviation = self.square / (1 - beta2**self.steps)
        np.sqrt(deviation.numpy(), out=deviation.numpy())  # torch's own rounds differently from processor to processor
        deviation.add_(self.epsilon)
        self.flat.addcdiv_(self.mean, deviation, value=-learning_rate / (1 - beta1**self.steps))

    def state(self) -> dict[str, np.ndarray]:
        """The whole state, the parameters included."""
        moments = {"parameters": self.flat, "mean": self.mean, "square": self.square}
        arrays = {name: tensor.detach().numpy().copy() for name, tensor in moments.items()}
        return arrays | {"steps": np.array(self.steps)}

    def load(self, state: dict[str, np.ndarray]) -> None:
        with torch.no_grad():
            self.flat.copy_(torch.tensor(state["parameters"]))
        self.mean, self.square = torch.tensor(state["mean"]), torch.tensor(state["square"])
        self.steps = int(state["steps"])
