"""A home-made robot that speaks the plain serial protocol of docs/serial.md.

    observes: [{name: cart, unit: m, low: -2.4, high: 2.4}, {name: cart velocity, unit: m/s, low: -10, high: 10}]
    accepts: [{name: force, unit: N, low: -10, high: 10}]

The channels must be those that the device describes, in its order; their limits may be narrower.
"""

from __future__ import annotations

import struct
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutelage.drivers.channels import channels
from tutelage.drivers.driver import Channel, ClosingDriver, DriverError, Reading
from tutelage.drivers.frames import Decoder, Frame, encode
from tutelage.drivers.port import STOP_SECONDS, failing, insist, opened
from tutelage.invocation import installing

ANSWER = 0x80
ERROR = ord("e") | ANSWER


class SerialRig(ClosingDriver):
    """A device at the end of a serial line.

    A question that gets no answer within `reply_seconds` is asked again, until `deadline_seconds` are over.
    """

    needs = {"serial": installing("serial")}

    def __init__(
        self,
        port: str,
        observes: list[dict[str, Any]],
        accepts: list[dict[str, Any]],
        baudrate: int = 1_000_000,
        reply_seconds: float = 0.015,
        deadline_seconds: float = 0.06,
    ) -> None:
        self.observes = tuple(channels("observes", observes, Channel))
        self.accepts = tuple(channels("accepts", accepts, Channel))
        self._port_name, self._baudrate = port, baudrate
        self._reply_seconds, self._deadline_seconds = reply_seconds, deadline_seconds
        self._serial: Any = None
        self.questions = 0
        """questions so far, with repetitions: on a bad line more than there are answers"""

    def _open(self) -> None:
        self._serial, self._decoder = opened(self._port_name, self._baudrate), Decoder()
        self._check_all()
        self.stop()

    def read(self) -> Reading:
        before = time.monotonic_ns()
        values = self._floats(self._ask("r"), len(self.observes))
        return Reading(values, (before + time.monotonic_ns()) // 2)

    def write(self, command: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._floats(self._ask("w", np.asarray(command, "<f4").tobytes()), len(self.accepts))

    def place(self, seed: int) -> None:
        """Moves the robot to where an episode begins, by its own routine."""
        self._ask("p", struct.pack("<I", seed % 2**32))

    def stop(self) -> None:
        if self._serial:
            self._ask("s", seconds=STOP_SECONDS)

    def _disconnect(self) -> None:
        if self._serial:
            self._serial.close()
        self._serial = None

    def _check_all(self) -> None:
        """Checks that the device has the channels of the robot's file."""
        described = [("o", channel) for channel in self.observes] + [("a", channel) for channel in self.accepts]
        for index, (way, channel) in enumerate(described):
            self._check(index, f"{way} {channel.name} {channel.unit}")
        self._check(len(described), "")

    def _check(self, index: int, wanted: str) -> None:
        body = self._ask("d", bytes([index]))
        way, text = body[:1].decode("ascii", "replace"), body[9:].decode("ascii", "replace")
        found = f"{way} {text}".replace("\0", " ").strip()
        if found != wanted:
            ours, theirs = wanted or "nothing more", found or "nothing more"
            raise DriverError(f"{self._port_name}: channel {index} is '{ours}' here, but '{theirs}' on the device")

    def _floats(self, body: bytes, count: int) -> NDArray[np.float64]:
        if len(body) != 4 * count:
            raise DriverError(f"{self._port_name}: the device sent {len(body)} bytes, not {count} numbers of 4")
        return np.frombuffer(body, "<f4").astype(np.float64)

    def _ask(self, kind: str, body: bytes = b"", seconds: float | None = None) -> bytes:
        """The body of the device's answer.

        Raises:
            DriverError: there is none, or the device refuses the question.
        """
        if self._serial is None:
            raise DriverError(f"{self._port_name}: is not connected")
        failure = f"{self._port_name}: the device gave no answer to '{kind}'"
        answer = insist(lambda: self._asked(kind, body), seconds or self._deadline_seconds, failure)
        if answer.kind == ERROR:
            raise DriverError(
                f"{self._port_name}: the device refused '{kind}': {answer.body.decode('ascii', 'replace')}"
            )
        return answer.body

    def _asked(self, kind: str, body: bytes) -> Frame | None:
        """One question; its answer, if it comes in time. Answers to earlier questions have other numbers."""
        self.questions += 1
        sequence = self.questions % 256
        until = time.monotonic() + self._reply_seconds
        with failing(self._port_name):
            self._serial.reset_input_buffer()
            self._serial.write(encode(Frame(ord(kind), sequence, body)))
            while (left := until - time.monotonic()) > 0:
                self._serial.timeout = left
                for frame in self._decoder.feed(self._serial.read(max(1, self._serial.in_waiting))):
                    if frame.sequence == sequence and frame.kind in (ord(kind) | ANSWER, ERROR):
                        return frame
        return None
