"""A cart-pole behind a driver, in this process and in real time, whose hand, log and faults are files."""

import json
import math
import time
from pathlib import Path

import numpy as np

from tutelage.drivers.driver import Channel, Driver, DriverError, Reading

SECONDS = 0.001


class Cart(Driver):
    """Gymnasium's equations. A hand puts it upright whenever it is stopped, and holds it until it is told to move.

    Args:
        log: a file to which each verb that matters is written, a JSON line each: time in ns, verb, value.
        fault: a file that holds the word of the present fault: nan, stuck, outside, unplugged, broken.
    """

    observes = (
        Channel("cart", "m", -3.0, 3.0),
        Channel("cart velocity", "m/s", -50.0, 50.0),
        Channel("pole", "rad", -100.0, 100.0),
        Channel("pole velocity", "rad/s", -100.0, 100.0),
    )
    accepts = (Channel("force", "N", -10.0, 10.0),)

    def __init__(self, log: str = "", fault: str = "") -> None:
        self.log, self.fault = log, fault
        self.state, self.force, self.time, self.held = np.zeros(4), 0.0, 0.0, True
        self.frozen: np.ndarray | None = None
        self.places = 0

    def connect(self) -> None:
        self._plugged()
        self._note("connect")
        self.time = time.monotonic()

    def read(self) -> Reading:
        self._plugged()
        self._advance(time.monotonic())
        values = self.state.copy()
        fault = self._fault()
        if fault == "nan":
            values[2] = math.nan
        if fault == "outside":
            values[0] = 2.9
        if fault == "broken":
            raise ZeroDivisionError("a driver with an error in it")
        if fault == "stuck":
            values = self.frozen = values if self.frozen is None else self.frozen
        else:
            self.frozen = None
        return Reading(values, time.monotonic_ns())

    def write(self, command: np.ndarray) -> np.ndarray:
        self._plugged()
        self._advance(time.monotonic())
        self.force = float(command[0])
        self.held = self.held and self.force == 0
        self._note("write", self.force)
        return command.copy()

    def stop(self) -> None:
        self._plugged()
        self._note("stop")
        generator = np.random.default_rng(self.places)
        self.places += 1
        self.state, self.force, self.held = generator.uniform(-0.04, 0.04, 4), 0.0, True

    def close(self) -> None:
        self._note("close")

    def _advance(self, now: float) -> None:
        while self.time + SECONDS <= now:
            self.time += SECONDS
            if not self.held:
                x, v, angle, w = self.state
                push = (self.force + 0.05 * w**2 * math.sin(angle)) / 1.1
                turn = (9.8 * math.sin(angle) - math.cos(angle) * push) / (
                    0.5 * (4 / 3 - 0.1 * math.cos(angle) ** 2 / 1.1)
                )
                v += SECONDS * (push - 0.05 * turn * math.cos(angle) / 1.1)
                w += SECONDS * turn
                self.state = np.array([x + SECONDS * v, v, angle + SECONDS * w, w])

    def _fault(self) -> str:
        return Path(self.fault).read_text().strip() if self.fault and Path(self.fault).exists() else ""

    def _plugged(self) -> None:
        if self._fault() == "unplugged":
            raise DriverError("the cart does not answer: is its cable plugged in?")

    def _note(self, verb: str, value: float = 0.0) -> None:
        if self.log:
            with open(self.log, "a") as file:
                file.write(json.dumps([time.monotonic_ns(), verb, value]) + "\n")
