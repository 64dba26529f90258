"""Normalises observations to mean zero and deviation one, by those seen so far."""

from collections.abc import Mapping

import numpy as np

SEEN = 65536
"""Observations that a normaliser which was taken over counts for."""


class Normaliser:
    """Running mean and variance of observations [..., O], merged batch by batch (Chan et al. 1979)."""

    def __init__(self, size: int) -> None:
        self.count = np.zeros(())
        self.mean = np.zeros(size)
        self.square = np.zeros(size)  # sum of squared distances from the mean

    def update(self, observation: np.ndarray) -> None:
        rows = observation.reshape(-1, observation.shape[-1]).astype(np.float64)
        total = self.count + len(rows)
        shift = rows.mean(axis=0) - self.mean
        self.square = self.square + rows.var(axis=0) * len(rows) + shift**2 * (self.count * len(rows) / total)
        self.mean = self.mean + shift * (len(rows) / total)
        self.count = total

    def begin_with(self, tensors: Mapping[str, np.ndarray]) -> None:
        """Continues from another one's `tensors()`."""
        self.count = np.array(float(SEEN))
        self.mean = tensors["observation.mean"].astype(np.float64)
        self.square = SEEN / tensors["observation.scale"].astype(np.float64) ** 2

    def tensors(self) -> dict[str, np.ndarray]:
        """`(observation - mean) * scale` is the normalised one. A number that never changes is only shifted."""
        deviation = np.sqrt(self.square / max(float(self.count), 1.0))
        scale = 1 / np.where(deviation > 1e-6, deviation, 1)
        return {"observation.mean": self.mean.astype(np.float32), "observation.scale": scale.astype(np.float32)}

    def state(self) -> dict[str, np.ndarray]:
        return {"count": self.count, "mean": self.mean, "square": self.square}

    def load(self, state: dict[str, np.ndarray]) -> None:
        self.count, self.mean, self.square = state["count"], state["mean"], state["square"]
