"""An operator of a task with one continuous action, whose answer is no number where the pendulum hangs down."""

import numpy as np


def operator(observation: np.ndarray) -> np.ndarray:
    return np.array([np.nan if observation[0] < 0 else 1.0])
