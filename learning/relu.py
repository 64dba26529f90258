"""K networks of three layers side by side, with ReLU between them and gradients written out: no graph is built.

Weights are [K, out, in] and biases [K, 1, out], so that one batched product serves all K. With `norm` each layer's
sums are normalised to mean zero and deviation one before the ReLU (layer norm, Ba et al. 2016): then a critic does not
diverge on actions of later policies (Ball et al. 2023, RLPD). Layer norm's gain and shift are left out, since the
weights around it can express them.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tutelage.learning import networks

EPSILON = 1e-5
"""added to the variance by layer norm"""


class Parameters:
    """Those of `networks` as tensors, in the same memory."""

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        made = networks.Parameters(arrays)
        self.flat, self.arrays = torch.from_numpy(made.flat), made.arrays
        self.named = {name: torch.from_numpy(array) for name, array in made.named.items()}


class Trace(NamedTuple):
    """What a gradient needs of the forward pass: each layer's input, and the norm's sums, means and 1 / deviations."""

    inputs: list[Tensor]
    norms: list[tuple[Tensor, Tensor, Tensor]]


def arrays(
    name: str, copies: int, sizes: tuple[int, ...], generator: np.random.Generator, output_gain: float
) -> dict[str, np.ndarray]:
    """First weights of `copies` networks of these four layer sizes."""
    each = [networks.mlp_arrays(name, sizes, generator, output_gain) for _ in range(copies)]
    stacked = {key: np.stack([one[key] for one in each]) for key in each[0]}
    return {key: array[:, None] if key.endswith("bias") else array for key, array in stacked.items()}


def forward(named: Mapping[str, Tensor], name: str, x: Tensor, norm: bool) -> tuple[Tensor, Trace]:
    """Outputs [K, B, out] for inputs [B, in], which all K networks share, and the trace for `backward`."""
    trace = Trace([], [])
    h = x.expand(len(named[f"{name}.0.weight"]), *x.shape)
    for layer in range(2):
        trace.inputs.append(h)
        h = _linear(named, f"{name}.{layer}", h)
        if norm:
            sums = h
            h, mean, rstd = torch.native_layer_norm(sums, (sums.shape[-1],), None, None, EPSILON)
            trace.norms.append((sums, mean, rstd))
        h.relu_()
    trace.inputs.append(h)
    return _linear(named, f"{name}.2", h), trace


def backward(named: Mapping[str, Tensor], name: str, trace: Trace, gradient: Tensor) -> list[Tensor]:
    """Gradients by weight and bias of layers 0, 1 and 2 from the gradient by the outputs, [K, B, out]."""
    parts: list[Tensor] = []
    for layer in (2, 1, 0):
        parts = [gradient.mT @ trace.inputs[layer], gradient.sum(dim=1, keepdim=True), *parts]
        if layer:
            gradient = _through(named, name, trace, gradient, layer)
    return parts


def slope(named: Mapping[str, Tensor], name: str, trace: Trace, gradient: Tensor) -> Tensor:
    """The gradient by the inputs, [B, in], from that by the outputs, [K, B, out]."""
    for layer in (2, 1):
        gradient = _through(named, name, trace, gradient, layer)
    return (gradient @ named[f"{name}.0.weight"]).sum(dim=0)


def _linear(named: Mapping[str, Tensor], layer: str, x: Tensor) -> Tensor:
    return torch.baddbmm(named[f"{layer}.bias"], x, named[f"{layer}.weight"].mT)


def _through(named: Mapping[str, Tensor], name: str, trace: Trace, gradient: Tensor, layer: int) -> Tensor:
    """From the gradient by a layer's outputs to the gradient by the outputs of the layer before."""
    back = gradient @ named[f"{name}.{layer}.weight"]
    back = torch.ops.aten.threshold_backward(back, trace.inputs[layer], 0)  # `x * (x > 0)` takes 20 times as long
    if not trace.norms:
        return back
    sums, mean, rstd = trace.norms[layer - 1]
    shape, wanted = (sums.shape[-1],), [True, False, False]
    by_sums: Tensor = torch.ops.aten.native_layer_norm_backward(back, sums, shape, mean, rstd, None, None, wanted)[0]
    return by_sums
