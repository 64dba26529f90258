"""Small networks whose parameters lie in one flat vector: an optimiser is a few lines, a state is one array."""

from itertools import pairwise
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import linear


def orthogonal(generator: np.random.Generator, rows: int, columns: int, gain: float) -> np.ndarray:
    """An orthogonal matrix [rows, columns] times gain (Saxe et al. 2014), the usual start of PPO's networks."""
    normal = generator.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(normal)
    q = q * np.sign(np.diag(r))
    return (gain * (q if rows >= columns else q.T)).astype(np.float32)


def mlp_arrays(
    name: str, sizes: tuple[int, ...], generator: np.random.Generator, output_gain: float
) -> dict[str, np.ndarray]:
    """First weights of a network of these layer sizes: `name.0.weight` [out, in], `name.0.bias` [out], ..."""
    arrays = {}
    gains = [2**0.5] * (len(sizes) - 2) + [output_gain]
    for layer, ((inputs, outputs), gain) in enumerate(zip(pairwise(sizes), gains, strict=True)):
        arrays[f"{name}.{layer}.weight"] = orthogonal(generator, outputs, inputs, gain)
        arrays[f"{name}.{layer}.bias"] = np.zeros(outputs, np.float32)
    return arrays


def mlp(parameters: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    """The network `name` of three layers, tanh between them: [batch, in] to [batch, out]."""
    x = torch.tanh(linear(x, parameters[f"{name}.0.weight"], parameters[f"{name}.0.bias"]))
    x = torch.tanh(linear(x, parameters[f"{name}.1.weight"], parameters[f"{name}.1.bias"]))
    return linear(x, parameters[f"{name}.2.weight"], parameters[f"{name}.2.bias"])


def fast_mlp(parameters: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    """Same result as `mlp` in half the time, for inputs without gradient and without second derivatives."""
    weights = [parameters[f"{name}.{layer}.{part}"] for layer in range(3) for part in ("weight", "bias")]
    return cast(Tensor, _FastMLP.apply(x, *weights))  # type: ignore[no-untyped-call]


class _FastMLP(torch.autograd.Function):
    """The three layers as one step of the graph, with an explicit gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *weights: Tensor) -> Tensor:
        w0, b0, w1, b1, w2, b2 = weights
        h0 = _tanh_(torch.addmm(b0, x, w0.T))
        h1 = _tanh_(torch.addmm(b1, h0, w1.T))
        ctx.save_for_backward(x, h0, h1, w1, w2)
        return torch.addmm(b2, h1, w2.T)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, h0, h1, w1, w2 = ctx.saved_tensors
        d1 = (gradient @ w2) * (1 - h1 * h1)
        d0 = (d1 @ w1) * (1 - h0 * h0)
        return None, d0.T @ x, d0.sum(0), d1.T @ h0, d1.sum(0), gradient.T @ h1, gradient.sum(0)


def _tanh_(x: Tensor) -> Tensor:
    """In place, by numpy, which takes a seventh of torch's time on a CPU."""
    array = x.numpy()
    np.tanh(array, out=array)
    return x


class Parameters:
    """Named tensors that are views of one flat vector."""

    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.flat = torch.tensor(np.concatenate([array.ravel() for array in arrays.values()]))
        pieces = self.flat.split([array.size for array in arrays.values()])
        self.named = {
            name: piece.view(array.shape).requires_grad_()
            for (name, array), piece in zip(arrays.items(), pieces, strict=True)
        }

    def gradient(self, loss: Tensor) -> Tensor:
        """The gradient of the loss by all parameters, as one flat vector."""
        return torch.cat([part.ravel() for part in torch.autograd.grad(loss, list(self.named.values()))])

    def arrays(self) -> dict[str, np.ndarray]:
        """Copies of the tensors, by name."""
        return {name: tensor.detach().numpy().copy() for name, tensor in self.named.items()}
