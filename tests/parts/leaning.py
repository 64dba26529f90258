"""An operator who only leans to the right: a cart-pole's episodes are short. And one who answers what it was told."""

from typing import Any

import numpy as np

answer: Any = None


def lean(observation: np.ndarray) -> np.ndarray:
    return np.array(1)


def told(observation: np.ndarray) -> Any:
    return answer
