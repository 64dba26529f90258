"""Networks and gradients by torch's autograd, which those that are written out are held against."""

from typing import Any

import numpy as np
import torch
from torch import Tensor


def tensors(parameters: Any) -> dict[str, Tensor]:
    """Copies of the parameters, of which a loss can be made."""
    return {name: torch.tensor(np.asarray(array), requires_grad=True) for name, array in parameters.named.items()}


def mlp(named: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    """The network `name` of three layers, tanh between them: [batch, in] to [batch, out]."""
    for layer in range(2):
        x = torch.tanh(x @ named[f"{name}.{layer}.weight"].T + named[f"{name}.{layer}.bias"])
    return x @ named[f"{name}.2.weight"].T + named[f"{name}.2.bias"]


def gradient_of(loss: Tensor, named: dict[str, Tensor]) -> Tensor:
    """By all of them, as one flat vector."""
    return torch.cat([part.ravel() for part in torch.autograd.grad(loss, list(named.values()))])
