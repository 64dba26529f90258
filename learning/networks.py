"""Networks of three layers with tanh between them, and their gradients written out: neither graph nor torch is needed.

For networks of this size numpy takes no longer than torch, whose import takes a second.
"""

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise

import numpy as np


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


class Parameters:
    """Named arrays that are views of one flat vector: an optimiser is a few lines, a state is one array."""

    def __init__(self, arrays: Mapping[str, np.ndarray]) -> None:
        self.flat = np.concatenate([array.ravel() for array in arrays.values()])
        pieces = np.split(self.flat, np.cumsum([array.size for array in arrays.values()])[:-1])
        self.named = {name: piece.reshape(arrays[name].shape) for name, piece in zip(arrays, pieces, strict=True)}

    def arrays(self) -> dict[str, np.ndarray]:
        """Copies of the arrays, by name."""
        return {name: array.copy() for name, array in self.named.items()}


class Pass:
    """Inputs on their way through a network: float32 [B, in].

    Attributes:
        output: float32 [B, out].
    """

    def __init__(self, named: Mapping[str, np.ndarray], name: str, inputs: np.ndarray) -> None:
        self.weights = [named[f"{name}.{layer}.weight"] for layer in range(3)]
        biases = [named[f"{name}.{layer}.bias"] for layer in range(3)]
        self.inputs = inputs
        self.first = _tanh_(_linear(inputs, self.weights[0], biases[0]))
        self.second = _tanh_(_linear(self.first, self.weights[1], biases[1]))
        self.output = _linear(self.second, self.weights[2], biases[2])

    def gradient(self, by_output: np.ndarray) -> np.ndarray:
        """The gradient by the parameters, flat in their order, from that by the outputs, [B, out]."""
        _, w1, w2 = self.weights
        by_second = by_output @ w2 * self._bend2
        by_first = by_second @ w1 * self._bend1
        by_weights = by_first.T @ self.inputs, by_second.T @ self.first, by_output.T @ self.second
        return _flat(by_weights, (by_first, by_second, by_output))

    def slope(self) -> np.ndarray:
        """The gradient of the only output by the inputs, [B, in]."""
        return self._slope1 @ self.weights[0]

    def gradient_with_slope(self, by_output: np.ndarray, by_slope: np.ndarray) -> np.ndarray:
        """The same as `gradient`, from those by the only output, [B, 1], and by its slope, [B, in]."""
        # by_slope * slope is how fast the output changes along by_slope (Pearlmutter 1994). That goes forwards through
        # the layers as the pass itself does, and its gradient back; the slope of tanh, 1 - tanh^2, has one, too.
        w0, w1, _ = self.weights
        along1 = by_slope @ w0.T
        after1 = along1 * self._bend1
        along2 = after1 @ w1.T
        by_second = self._slope2 * (by_output - 2 * self.second * along2)
        by_first = by_second @ w1 * self._bend1 - 2 * self.first * self._slope1 * along1
        by_weights = (
            by_first.T @ self.inputs + self._slope1.T @ by_slope,
            by_second.T @ self.first + self._slope2.T @ after1,
            by_output.T @ self.second + (along2 * self._bend2).sum(axis=0),
        )
        return _flat(by_weights, (by_first, by_second, by_output))

    @cached_property
    def _bend1(self) -> np.ndarray:
        """The slope of the first tanh."""
        return 1 - self.first * self.first

    @cached_property
    def _bend2(self) -> np.ndarray:
        return 1 - self.second * self.second

    @cached_property
    def _slope1(self) -> np.ndarray:
        """The gradient of the only output by the first layer's sums."""
        return self._slope2 @ self.weights[1] * self._bend1

    @cached_property
    def _slope2(self) -> np.ndarray:
        return self.weights[2] * self._bend2


def _linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    y = x @ weight.T
    y += bias
    return y


def _tanh_(x: np.ndarray) -> np.ndarray:
    return np.tanh(x, out=x)


def _flat(by_weights: tuple[np.ndarray, ...], by_sums: tuple[np.ndarray, ...]) -> np.ndarray:
    """Of each layer the gradient by its weight, and by its bias: that by its sums, [B, out], added up."""
    ones, pairs = np.ones(len(by_sums[0]), np.float32), zip(by_weights, by_sums, strict=True)
    return np.concatenate([part for weight, sums in pairs for part in (weight.ravel(), ones @ sums)])
