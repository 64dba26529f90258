"""An operator who masters the beam, named in the launch file as `balance.operator:steady`."""

import numpy as np


def steady(observation: np.ndarray) -> int:
    """Tilts against the ball's place and speed together, so that it comes back to the middle and stays there."""
    place, speed = observation
    return int(place + speed < 0)
