"""Devices with an error in them, and one that is unplugged."""

from __future__ import annotations

import numpy as np

from tutelage.tasks.task import Task
from tutelage.teaching.devices.device import Device, Moment, OperatorCommand


class Divides(Device):
    def __init__(self, task: Task) -> None:
        self.name = "divides"

    def action(self, observation: np.ndarray, now: Moment) -> np.ndarray:
        return np.array(1 // now.take)


class Looks(Divides):
    def commands(self, now: Moment) -> list[OperatorCommand]:
        raise LookupError("no such pedal")


class Unplugged(Divides):
    def action(self, observation: np.ndarray, now: Moment) -> np.ndarray:
        raise OSError("no such device")
