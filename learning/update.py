"""An update that has begun: it can be left after any minibatch, saved, and gone on with."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

Metrics = dict[str, float]


class Update:
    """A batch, the minibatches of it that are still to learn from, and the losses of the others.

    Args:
        batch: rows by name, [rows, ...] each.
        minibatches: the rows of each minibatch.
        figures: measurements of the batch, by name.
    """

    def __init__(
        self,
        batch: Mapping[str, Tensor] | None = None,
        minibatches: Sequence[Tensor] = (),
        figures: Metrics | None = None,
        learning_rate: float = 0.0,
    ) -> None:
        self.batch, self.minibatches = batch or {}, list(minibatches)
        self.figures, self.learning_rate = figures or {}, learning_rate
        self.losses: list[Tensor] = []

    def share(self, part: int, parts: int) -> tuple[dict[str, Tensor], float]:
        """One of equal `parts` of the next minibatch, and which share of its rows that is.

        A part for which no row is left gets one whose weight is zero.
        """
        minibatch = self.minibatches[0]
        rows = minibatch.tensor_split(parts)[part]
        batch = {name: tensor[rows if len(rows) else minibatch[:1]] for name, tensor in self.batch.items()}
        return batch, len(rows) / len(minibatch)

    def took(self, losses: Tensor) -> None:
        """Goes on to the next minibatch, after a gradient step with these losses."""
        self.losses.append(losses)
        del self.minibatches[0]

    def metrics(self, names: Sequence[str]) -> Metrics:
        """The measurements, the mean losses among them."""
        means = torch.stack(self.losses).mean(dim=0).tolist()
        losses = {f"train/{name}": mean for name, mean in zip(names, means, strict=True)}
        return self.figures | losses | {"train/learning_rate": self.learning_rate}

    def state(self) -> dict[str, Any]:
        batch = {name: tensor.numpy() for name, tensor in self.batch.items()}
        rest = [[tensor.numpy() for tensor in tensors] for tensors in (self.minibatches, self.losses)]
        return {"batch": batch, "rest": rest, "figures": self.figures, "learning_rate": self.learning_rate}

    def load(self, state: dict[str, Any]) -> None:
        self.batch = {name: torch.tensor(array) for name, array in state["batch"].items()}
        self.minibatches, self.losses = ([torch.tensor(array) for array in arrays] for arrays in state["rest"])
        self.figures, self.learning_rate = state["figures"], state["learning_rate"]
