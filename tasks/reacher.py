"""Reacher-v5 (MuJoCo): two links in a plane reach with their tip for a target, by a torque at each joint."""

from __future__ import annotations

import numpy as np

from tutelage.tasks.entry import Known
from tutelage.tasks.keys import Keys

LINKS = 0.1, 0.11
"""lengths in m, from joint to joint and from there to the tip"""


def reacher(observation: np.ndarray) -> np.ndarray:
    """Draws the tip to the target by the arm's transposed Jacobian (Takegaki and Arimoto 1981), and damps the joints."""
    (cosine, cosine_elbow, sine, sine_elbow), speeds, beyond = observation[:4], observation[6:8], observation[8:]
    forearm = LINKS[1] * np.array([cosine * cosine_elbow - sine * sine_elbow, sine * cosine_elbow + cosine * sine_elbow])
    tip = LINKS[0] * np.array([cosine, sine]) + forearm
    by_angles = np.array([[-tip[1], -forearm[1]], [tip[0], forearm[0]]])  # metres the tip moves a radian
    return np.clip(-18 * beyond @ by_angles - 0.07 * speeds, -1, 1).astype(np.float32)


REACHER = Known(
    law=reacher,
    keys=Keys({"left": [1, 0], "right": [-1, 0], "up": [0, 1], "down": [0, -1]}, rest=[0, 0]),  # shoulder, elbow
    axes=("-left_x", "-right_x"),
)
