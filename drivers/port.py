"""A serial port, with its failures as sentences, and the time that an answer may take."""

from __future__ import annotations

import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tutelage.drivers.driver import DriverError

T = TypeVar("T")

STOP_SECONDS = 0.05
"""how long a stop waits for its answer, all servos together; the guard repeats the stop (drivers/connection.py)"""


def opened(port: str, baudrate: int) -> Any:
    """A pyserial port that nobody else has open.

    Raises:
        DriverError: it cannot be opened.
    """
    import serial

    with failing(port):
        made = serial.Serial(port, baudrate, timeout=0, write_timeout=0.1, exclusive=True)
        if port.startswith("/dev/ttyUSB"):
            made.set_low_latency_mode(True)  # otherwise an FTDI chip holds data back for up to 16 ms
        return made


@contextmanager
def failing(port: str) -> Iterator[None]:
    """Converts a port's exceptions into DriverErrors."""
    try:
        yield
    except (OSError, ValueError, termios.error) as error:  # serial.SerialException is an OSError
        raise DriverError(f"{port}: the serial port failed ({error}): check cable, power and rights") from error


def insist(ask: Callable[[], T | None], seconds: float, failure: str) -> T:
    """Asks repeatedly until there is an answer or the time is over.

    Raises:
        DriverError: there was none in time; `failure` says what that means.
    """
    until = time.monotonic() + seconds
    while (answer := ask()) is None:
        if time.monotonic() >= until:
            raise DriverError(f"{failure} within {1000 * seconds:.0f} ms: check power and cable")
    return answer
