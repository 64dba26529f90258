"""Tensors in a message: the bytes of a safetensors file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from tutelage.finite import check_all


def packed(where: str, tensors: Mapping[str, np.ndarray]) -> NDArray[np.uint8]:
    """Tensors as a message carries them.

    Raises:
        FloatingPointError: a number is not finite, or too large; names it, after `where`.
    """
    check_all(where, tensors)
    return np.frombuffer(save(dict(tensors)), np.uint8)


def unpacked(where: str, file: bytes) -> dict[str, np.ndarray]:
    """The tensors that a message carries. Raises as `packed` does."""
    tensors: dict[str, np.ndarray] = load(file)
    check_all(where, tensors)
    return tensors
