"""An update of PPO that has begun: it can be left after any minibatch, saved, and gone on with."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np


class Batch(NamedTuple):
    """B steps to learn from, as rows."""

    observation: np.ndarray  # float32 [B, O], normalised
    action: np.ndarray  # int64 [B] or float32 [B, A]
    log_prob: np.ndarray  # float32 [B], when the action was drawn
    advantage: np.ndarray  # float32 [B], of mean zero and deviation one over the rollout
    target: np.ndarray  # float32 [B], of the value


NOTHING = Batch(*(np.zeros(0, np.float32) for _ in Batch._fields))


class Update:
    """A batch, the minibatches of it that are still to learn from, and the losses of the others.

    Args:
        minibatches: the rows of each minibatch.
        figures: measurements of the batch, by name.
    """

    def __init__(
        self,
        batch: Batch = NOTHING,
        minibatches: Sequence[np.ndarray] = (),
        figures: dict[str, float] | None = None,
        learning_rate: float = 0.0,
    ) -> None:
        self.batch, self.minibatches = batch, list(minibatches)
        self.figures, self.learning_rate = figures or {}, learning_rate
        self.losses: list[np.ndarray] = []

    def share(self, part: int, parts: int) -> tuple[Batch, float]:
        """One of equal `parts` of the next minibatch, and which share of its rows that is.

        A part for which no row is left gets one whose weight is zero.
        """
        minibatch = self.minibatches[0]
        rows = np.array_split(minibatch, parts)[part]
        seen = rows if len(rows) else minibatch[:1]
        return Batch(*(column[seen] for column in self.batch)), len(rows) / len(minibatch)

    def took(self, losses: np.ndarray) -> None:
        """Goes on to the next minibatch, after a gradient step with these losses."""
        self.losses.append(losses)
        del self.minibatches[0]

    def metrics(self, names: Sequence[str]) -> dict[str, float]:
        """The measurements, the mean losses among them."""
        means = np.mean(self.losses, axis=0).tolist()
        losses = {f"train/{name}": mean for name, mean in zip(names, means, strict=True)}
        return self.figures | losses | {"train/learning_rate": self.learning_rate}

    def state(self) -> dict[str, Any]:
        rows = {"batch": list(self.batch), "minibatches": list(self.minibatches), "losses": list(self.losses)}
        return rows | {"figures": self.figures, "learning_rate": self.learning_rate}

    def load(self, state: dict[str, Any]) -> None:
        self.batch, self.minibatches, self.losses = Batch(*state["batch"]), [*state["minibatches"]], [*state["losses"]]
        self.figures, self.learning_rate = state["figures"], state["learning_rate"]
