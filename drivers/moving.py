"""Which reading measures a command, and which readings a command should move, if the robot's file does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutelage.drivers.driver import Channel, Driver

Told = Mapping[str, Mapping[str, Any]]
"""What the file says about each channel, under `limits`."""


def measured_by(command: Channel, observes: tuple[Channel, ...], told: Told) -> str | None:
    """The reading that measures a command: the one that the file names, or that has the same name and unit."""
    same = any((one.name, one.unit) == (command.name, command.unit) for one in observes)
    named: str | None = told.get(command.name, {}).get("measured", command.name if same else None)
    return named


def moved_by(command: Channel, observes: tuple[Channel, ...], told: Told) -> set[str] | None:
    """The readings that a command moves: what the file says, or the one that measures it, with its velocity."""
    named: list[str] | None = told.get(command.name, {}).get("moves")
    if named is None and (measured := measured_by(command, observes, told)):
        named = [measured, f"{measured} velocity"]
    return None if named is None else set(named)


def moves(driver: Driver, told: Told) -> NDArray[np.bool_]:
    """[accepts, observes] whether commands of the one should change the other.

    A command about which the file says nothing is assumed to move every reading that no other command moves.
    """
    known = [moved_by(command, driver.observes, told) for command in driver.accepts]
    left = {one.name for one in driver.observes}.difference(*(names for names in known if names is not None))
    rows = [[one.name in (left if names is None else names) for one in driver.observes] for names in known]
    return np.array(rows, bool).reshape(len(driver.accepts), len(driver.observes))
