"""How the machines move: gymnasium's equations and parameters, in continuous time, with dry friction and end stops."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np


class Axis:
    """An axis with an encoder: counts grow with the position, and are `zero_turns` at position 0."""

    def __init__(self, name: str, unit: str, limit: float, turns_per_unit: float, zero_turns: float = 0.0) -> None:
        self.name, self.unit, self.limit = name, unit, limit
        self.turns_per_unit, self.zero_turns = turns_per_unit, zero_turns


class Plant(ABC):
    """A machine with one motor, on its first axis.

    Attributes:
        axes: one for each encoder, in the order of `positions`.
        full_force: the motor's greatest force, in N or N m.
    """

    axes: tuple[Axis, ...]
    full_force: float
    force_name: str
    force_unit: str
    friction = 0.0
    """dry friction on the motor's axis, in the unit of the force"""

    @property
    @abstractmethod
    def positions(self) -> tuple[float, ...]:
        """Where the axes are, in their units."""

    @property
    @abstractmethod
    def velocity(self) -> float:
        """Of the motor's axis, in units a second."""

    @abstractmethod
    def step(self, force: float, seconds: float) -> None:
        """Moves by a short time (semi-implicit Euler)."""

    @abstractmethod
    def place(self, generator: np.random.Generator) -> None:
        """Puts it where an episode begins: at rest, near the starting pose."""


def rubbed(force: float, velocity: float, friction: float) -> float:
    """A force less dry friction: Coulomb's law, but steep instead of a step around zero speed."""
    return force - friction * math.tanh(velocity / 0.005)


class CartPole(Plant):
    """CartPole-v1 (Barto, Sutton and Anderson 1983; equations as corrected by Florian 2007), its force continuous.

    The cart runs on a pulley of 0.5 m circumference between end stops at 2.5 m. The pole turns freely.
    """

    axes = (Axis("cart", "m", 2.5, 2.0), Axis("pole", "rad", math.inf, 0.5 / math.pi, zero_turns=0.5))
    full_force = 10.0
    force_name, force_unit = "force", "N"
    cart_mass, gravity = 1.0, 9.8

    def __init__(self, length_factor: float = 1.0, mass_factor: float = 1.0) -> None:
        self.half_length, self.pole_mass = 0.5 * length_factor, 0.1 * mass_factor
        self.x = self.v = self.w = 0.0
        self.angle = math.pi  # hanging

    @property
    def positions(self) -> tuple[float, ...]:
        return self.x, self.angle

    @property
    def velocity(self) -> float:
        return self.v

    def step(self, force: float, seconds: float) -> None:
        sine, cosine = math.sin(self.angle), math.cos(self.angle)
        mass, moment = self.cart_mass + self.pole_mass, self.pole_mass * self.half_length
        push = (rubbed(force, self.v, self.friction) + moment * self.w * self.w * sine) / mass
        turn = (self.gravity * sine - cosine * push) / (
            self.half_length * (4 / 3 - self.pole_mass * cosine * cosine / mass)
        )
        self.v += seconds * (push - moment * turn * cosine / mass)
        self.w += seconds * turn
        self.x += seconds * self.v
        self.angle += seconds * self.w
        if abs(self.x) > self.axes[0].limit:
            self.x, self.v = math.copysign(self.axes[0].limit, self.x), 0.0

    def place(self, generator: np.random.Generator) -> None:
        self.x, self.angle = map(float, generator.uniform(-0.05, 0.05, 2))
        self.v = self.w = 0.0


class Pendulum(Plant):
    """Pendulum-v1: a rod that a weak motor turns; 0 is upright."""

    axes = (Axis("joint", "rad", math.inf, 0.5 / math.pi, zero_turns=0.5),)
    full_force = 2.0
    force_name, force_unit = "torque", "N m"
    gravity = 10.0

    def __init__(self, length_factor: float = 1.0, mass_factor: float = 1.0) -> None:
        self.length, self.mass = length_factor, mass_factor
        self.angle, self.w = math.pi, 0.0

    @property
    def positions(self) -> tuple[float, ...]:
        return (self.angle,)

    @property
    def velocity(self) -> float:
        return self.w

    def step(self, force: float, seconds: float) -> None:
        torque = rubbed(force, self.w, self.friction)
        turn = 1.5 * self.gravity / self.length * math.sin(self.angle) + 3 * torque / (self.mass * self.length**2)
        self.w = max(-8.0, min(8.0, self.w + seconds * turn))
        self.angle += seconds * self.w

    def place(self, generator: np.random.Generator) -> None:
        self.angle, self.w = float(generator.uniform(-math.pi, math.pi)), 0.0


PLANTS: dict[str, type[Plant]] = {"cartpole": CartPole, "pendulum": Pendulum}
