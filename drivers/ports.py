"""Finds the serial port of a device: the one that is gone when its cable is pulled out."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import installing

GONE_SECONDS, LOOK_SECONDS = 3.0, 0.1
"""How long the system may take to notice an unplugged cable, and how often it is asked."""

BY_ID = Path("/dev/serial/by-id")
"""Linux: links that keep their names, whichever device is plugged in first."""


def ports() -> dict[str, str]:
    """The serial ports of this computer, and what is said of each.

    Raises:
        Refusal: the extra that knows them is not installed.
    """
    try:
        from serial.tools import list_ports
    except ModuleNotFoundError as error:
        raise Refusal([Problem("find-port", f"needs an extra: {installing('serial')}")]) from error
    return {port.device: "" if port.description == "n/a" else port.description for port in list_ports.comports()}


def there() -> dict[str, str]:
    """The serial ports, by the lasting names of those that have one; what is said of each.

    Raises:
        Refusal: there is none.
    """
    found = {lasting(port): said for port, said in ports().items()}
    if not found:
        raise Refusal([Problem("find-port", "this computer has no serial port: plug the device in first")])
    return found


def gone(before: Iterable[str]) -> list[str]:
    """Those of the ports that are gone now.

    Raises:
        Refusal: none is.
    """
    deadline = time.monotonic() + GONE_SECONDS
    while not (found := set(before) - {lasting(port) for port in ports()}):
        if time.monotonic() > deadline:
            raise Refusal([Problem("find-port", "all ports are still there: was it the right cable?")])
        time.sleep(LOOK_SECONDS)
    return sorted(found)


def lasting(port: str) -> str:
    """A name that the port keeps when it is plugged in again, if there is one, or the port itself."""
    links = sorted(BY_ID.glob("*")) if BY_ID.exists() else []
    return next((str(link) for link in links if link.resolve() == Path(port)), port)
