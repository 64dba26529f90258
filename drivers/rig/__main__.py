"""Runs the rig until SIGTERM or SIGINT. It prints `ready` when the link exists."""

from __future__ import annotations

import argparse
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Protocol

from tutelage.drivers.rig.faults import Control
from tutelage.drivers.rig.line import Line
from tutelage.drivers.rig.machine import Imperfections, Machine, machine
from tutelage.drivers.rig.plants import PLANTS
from tutelage.drivers.rig.serial_device import SerialDevice
from tutelage.drivers.rig.servos import Bus


class Device(Protocol):
    """The rig as seen over a line."""

    def hear(self, data: bytes, now: float) -> Iterator[bytes]: ...

    def watch(self, now: float) -> None: ...


PROTOCOLS: dict[str, Callable[[Machine], Device]] = {"dynamixel": Bus, "serial": SerialDevice}
LONGEST_WAIT = 0.01


class Rig:
    """The machine, its protocol, its cable, and the one loop that serves them."""

    def __init__(self, plant: str, protocol: str, link: Path, imperfections: Imperfections) -> None:
        self.machine = machine(PLANTS[plant], imperfections, time.monotonic())
        self.device = PROTOCOLS[protocol](self.machine)
        self.line = Line(link)
        self.control = Control(link, self.machine, self.line)
        self._tripped: float | None = None

    def serve(self) -> None:
        """One turn: advances the machine, receives what has come, answers it."""
        wait = max(0.0, min(LONGEST_WAIT, self.line.flush(time.monotonic())))
        select.select([*self.line.readable, self.control.fileno()], [], [], wait)
        now = time.monotonic()
        self.machine.advance(now)
        self.device.watch(now)
        self.control.serve(now)
        for answer in self.device.hear(self.line.receive(), now):
            self.line.send(answer, now)
        self.line.flush(now)
        self._report()

    def _report(self) -> None:
        """Says when the watchdog has stopped the motor."""
        if (tripped := self.machine.watchdog_tripped) not in (None, self._tripped):
            print(f"watchdog: no command for {1000 * (tripped - self.machine.commanded):.0f} ms", flush=True)
        self._tripped = tripped

    def close(self) -> None:
        self.line.unplug()
        self.control.close()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tutelage.drivers.rig", description="An emulated rig.")
    parser.add_argument("machine", choices=PLANTS)
    parser.add_argument("--protocol", choices=PROTOCOLS, default="dynamixel")
    parser.add_argument("--link", type=Path, required=True, help="where the serial port appears")
    for field in fields(Imperfections):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=float, default=field.default)
    return parser.parse_args()


def main() -> None:
    told = vars(arguments())
    plant, protocol, link = told.pop("machine"), told.pop("protocol"), told.pop("link")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    rig = Rig(plant, protocol, link, Imperfections(**told))
    try:
        print("ready", flush=True)
        while True:
            rig.serve()
    finally:
        rig.close()


if __name__ == "__main__":
    main()
