"""An operator who only leans to the right: a cart-pole's episodes are short."""

import numpy as np


def lean(observation: np.ndarray) -> np.ndarray:
    return np.array(1)
