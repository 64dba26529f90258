"""Control laws for gymnasium's classic tasks: each from an observation to an action, without memory."""

from __future__ import annotations

import math

import numpy as np


def cart_pole(observation: np.ndarray) -> int:
    """A linear quadratic regulator, its force reduced to the two that there are."""
    gain = np.array([1.0, 1.6, 18.0, 3.2])  # position, speed, angle, angular speed
    return int(gain @ observation > 0)


def acrobot(observation: np.ndarray) -> int:
    """Pumps energy: full torque at the elbow, against the speed of the shoulder."""
    return 0 if observation[4] > 0 else 2


def pendulum(observation: np.ndarray) -> np.ndarray:
    """Swings up by energy (Astrom and Furuta 2000), and holds the top by a linear law of angle and speed."""
    cosine, sine, speed = map(float, observation)
    energy = 0.5 * speed**2 + 15 * (cosine - 1)  # over that of rest at the top, by the moment of inertia
    swing = -energy * (speed or 1.0)
    hold = -12 * math.atan2(sine, cosine) - 3 * speed
    return np.array([np.clip(hold if cosine > 0.9 else swing, -2, 2)], np.float32)


def mountain_car_continuous(observation: np.ndarray) -> np.ndarray:
    """Half the force along the velocity: it always adds energy, and costs a quarter of what all the force would."""
    return np.array([0.5 if observation[1] >= 0 else -0.5], np.float32)


_RIGHT, _LEFT = (steps.ravel() for steps in np.meshgrid(np.arange(0, 60, 4), np.arange(0, 60, 4), indexing="ij"))


def mountain_car(observation: np.ndarray) -> int:
    """Predictive control: the first push of the fastest plan to push right for a while, then left, then right."""
    position, velocity = (np.full(_RIGHT.shape, float(number)) for number in observation)
    for step in range(200):
        force = np.where((step >= _RIGHT) & (step < _RIGHT + _LEFT), -0.001, 0.001)
        velocity = np.clip(velocity + force - 0.0025 * np.cos(3 * position), -0.07, 0.07)
        position = position + velocity
        velocity = np.where(position <= -1.2, np.maximum(velocity, 0), velocity)
        if (position >= 0.5).any():
            break
    fastest = position.argmax()
    return 2 if _RIGHT[fastest] > 0 or _LEFT[fastest] == 0 else 0
