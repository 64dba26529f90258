"""Weights that were learned in another run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from messages import Weights
from tutelage import Message, Node
from tutelage.problems import LaunchError, Problem


def weights_file(run: Path) -> Path:
    """Where the final weights of a run are.

    Raises:
        LaunchError: it has none.
    """
    path = run / "weights.safetensors"
    if not path.is_file():
        raise LaunchError([Problem(run, "there are no weights here: name the folder of a run that has ended")])
    return path


class SavedWeights(Node):
    """Says the final weights of a run, for all rollouts to come."""

    says = (Weights,)
    inherits: ClassVar[dict[str, str]] = {"run": "weights.safetensors"}

    def __init__(self, run: str) -> None:
        self.path = weights_file(Path(run))

    def start(self) -> Iterator[Message]:
        tensors = np.frombuffer(self.path.read_bytes(), np.uint8)
        yield Weights(0, 0, 0, tensors, 0, stop=False, final=True)
