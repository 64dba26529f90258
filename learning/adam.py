"""Adam over one flat vector."""

import numpy as np
from numpy.typing import ArrayLike


class Adam:
    """Kingma and Ba 2015, with the gradient's norm clipped first.

    `flat` is float32 [parameters], an array or a tensor of torch, which is changed in place; gradients are either, too.
    """

    def __init__(self, flat: ArrayLike, betas: tuple[float, float] = (0.9, 0.999), epsilon: float = 1e-5) -> None:
        self.flat, self.betas, self.epsilon = np.asarray(flat), betas, epsilon
        self.mean, self.square = np.zeros_like(self.flat), np.zeros_like(self.flat)
        self.steps = 0

    def step(self, gradient: ArrayLike, learning_rate: float, max_norm: float = float("inf")) -> None:
        """Moves the vector against the gradient, in place."""
        self.steps += 1
        beta1, beta2 = self.betas
        gradient = np.asarray(gradient)
        if max_norm < float("inf"):
            gradient = gradient * min(1.0, max_norm / (float(np.linalg.norm(gradient)) + 1e-6))
        self.mean += (1 - beta1) * (gradient - self.mean)
        self.square += (1 - beta2) * (gradient * gradient - self.square)
        step = np.sqrt(self.square / (1 - beta2**self.steps))
        step += self.epsilon
        np.divide(self.mean, step, out=step)
        step *= learning_rate / (1 - beta1**self.steps)
        self.flat -= step

    def state(self) -> dict[str, np.ndarray]:
        """The whole state, the parameters included."""
        moments = {"parameters": self.flat, "mean": self.mean, "square": self.square}
        return {name: array.copy() for name, array in moments.items()} | {"steps": np.array(self.steps)}

    def load(self, state: dict[str, np.ndarray]) -> None:
        self.flat[:] = state["parameters"]
        self.mean, self.square = state["mean"].copy(), state["square"].copy()
        self.steps = int(state["steps"])
