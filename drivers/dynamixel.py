"""Dynamixel servos of the X series (Protocol 2.0), through the maker's own SDK.

    observes:
      - {name: cart, unit: m, low: -2.4, high: 2.4, id: 1, kind: position, counts_per_unit: 8192}
      - {name: cart velocity, unit: m/s, low: -10, high: 10, id: 1, kind: velocity, counts_per_unit: 524.017}
    accepts:
      - {name: force, unit: N, low: -10, high: 10, id: 1, kind: current, counts_per_unit: 100}

Counts are the servo's: position 1/4096 turn, velocity 0.229 turns a minute, current about 2.7 mA.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from drivers.driver import Channel, Driver, DriverError, Reading
from drivers.port import failing, insist, opened


class Register(NamedTuple):
    """A place in the control table of the X series."""

    address: int
    size: int


OPERATING_MODE, TORQUE_ENABLE, BUS_WATCHDOG = Register(11, 1), Register(64, 1), Register(98, 1)
MODES = {"current": 0, "velocity": 1, "position": 3, "extended position": 4}
GOALS = {
    "current": Register(102, 2),
    "velocity": Register(104, 4),
    "position": Register(116, 4),
    "extended position": Register(116, 4),
}
PRESENT = {"current": Register(126, 2), "velocity": Register(128, 4), "position": Register(132, 4)}
READ_FROM, READ_SIZE = BUS_WATCHDOG.address, 38  # from the watchdog to the end of the present position
TRIPPED = 255


class ServoChannel(NamedTuple):
    """A channel, and the register that it is: counts = zero + direction * counts_per_unit * value."""

    name: str
    unit: str
    low: float
    high: float
    id: int
    kind: str
    counts_per_unit: float
    zero: int = 0
    direction: int = 1

    def value(self, counts: int) -> float:
        return (counts - self.zero) / (self.direction * self.counts_per_unit)

    def counts(self, value: float) -> int:
        return self.zero + round(self.direction * self.counts_per_unit * value)


class Port:
    """What the SDK needs of a port. Its own spins, for 34 ms at least, by the wall clock; this one waits."""

    def __init__(self, serial: Any, reply_seconds: float) -> None:
        self.serial, self.reply_seconds = serial, reply_seconds
        self.is_using = False
        self._until = 0.0

    def clearPort(self) -> None:  # noqa: N802
        self.serial.reset_input_buffer()

    def writePort(self, packet: list[int]) -> int:  # noqa: N802
        return int(self.serial.write(bytes(packet)))

    def readPort(self, length: int) -> bytes:  # noqa: N802
        self.serial.timeout = max(0.0, self._until - time.monotonic())
        return bytes(self.serial.read(length))

    def setPacketTimeout(self, length: int) -> None:  # noqa: N802
        self._until = time.monotonic() + self.reply_seconds + 10 * length / self.serial.baudrate

    def isPacketTimeout(self) -> bool:  # noqa: N802
        return time.monotonic() > self._until


class Dynamixel(Driver):
    """Servos on one bus. It energises them with the first command, not before.

    A question that gets no answer within `reply_seconds` is asked again, until `deadline_seconds` are over. The servos'
    own bus watchdog stops them when the bus has been silent for `watchdog_seconds`. `place` names a register, as
    `{id: 1, address: 512}`, to which a robot's own routine for the start of an episode listens, where it has one.
    """

    def __init__(
        self,
        port: str,
        observes: list[dict[str, Any]],
        accepts: list[dict[str, Any]],
        baudrate: int = 1_000_000,
        reply_seconds: float = 0.015,
        deadline_seconds: float = 0.06,
        watchdog_seconds: float = 0.24,
        place: dict[str, int] | None = None,
    ) -> None:
        self._observes = [ServoChannel(**channel) for channel in observes]
        self._accepts = [ServoChannel(**channel) for channel in accepts]
        self.observes = tuple(Channel(*channel[:4]) for channel in self._observes)
        self.accepts = tuple(Channel(*channel[:4]) for channel in self._accepts)
        self._port_name, self._baudrate = port, baudrate
        self._reply_seconds, self._deadline_seconds = reply_seconds, deadline_seconds
        self._watchdog, self._place = max(1, min(127, round(watchdog_seconds / 0.02))), place
        self._ids = sorted({channel.id for channel in self._observes + self._accepts})
        self._port: Port | None = None
        self._energised = False
        self._asked = 0

    def connect(self) -> None:
        try:
            from dynamixel_sdk import PacketHandler
        except ModuleNotFoundError as error:
            raise DriverError(f"{self._port_name}: pip install 'tutelage[dynamixel]' for Dynamixel servos") from error
        self._packets = PacketHandler(2.0)
        self._port = Port(opened(self._port_name, self._baudrate, "dynamixel"), self._reply_seconds)
        for servo in self._ids:
            self._ask(servo, "ping", lambda servo=servo: self._packets.ping(self._port, servo))
        for channel in self._accepts:
            self._write(channel.id, TORQUE_ENABLE, 0)
            self._write(channel.id, OPERATING_MODE, MODES[channel.kind])
            self._arm(channel.id)

    def read(self) -> Reading:
        before = time.monotonic_ns()
        blocks = insist(self._blocks, self._deadline_seconds, f"{self._port_name}: servos {self._ids} gave no reading")
        captured = (before + time.monotonic_ns()) // 2
        for channel in self._accepts:
            if self._energised and blocks[channel.id][0] == TRIPPED:
                raise DriverError(
                    f"{self._port_name}: servo {channel.id} stopped itself, its bus was silent: connect again"
                )
        values = [channel.value(_present(blocks[channel.id], channel.kind)) for channel in self._observes]
        return Reading(np.array(values), captured)

    def write(self, command: NDArray[np.float64]) -> NDArray[np.float64]:
        if not self._energised:
            self._energise()
        counts = [channel.counts(value) for channel, value in zip(self._accepts, command, strict=True)]
        for kind in {channel.kind for channel in self._accepts}:
            self._write_together(
                GOALS[kind],
                {c.id: count for c, count in zip(self._accepts, counts, strict=True) if c.kind == kind},
            )
        return np.array([channel.value(count) for channel, count in zip(self._accepts, counts, strict=True)])

    def place(self, seed: int) -> None:
        """Has the robot's own routine put it where an episode begins.

        Raises:
            DriverError: it has none.
        """
        if self._place is None:
            raise DriverError(f"{self._port_name}: no place register is given: put the robot in its place by hand")
        self.stop()
        self._write(self._place["id"], Register(self._place["address"], 2), seed % 65536)

    def stop(self) -> None:
        if self._port:
            self._energised = False
            for channel in self._accepts:
                self._write(channel.id, TORQUE_ENABLE, 0)

    def close(self) -> None:
        try:
            self.stop()
        finally:
            if self._port:
                self._port.serial.close()
            self._port = None

    def _arm(self, servo: int) -> None:
        self._write(servo, BUS_WATCHDOG, 0)  # a watchdog that has tripped must be cleared first
        self._write(servo, BUS_WATCHDOG, self._watchdog)

    def _energise(self) -> None:
        """Torque on, at rest: no current, no speed, or where it is."""
        blocks = insist(self._blocks, self._deadline_seconds, f"{self._port_name}: servos gave no reading")
        for channel in self._accepts:
            self._arm(channel.id)
            position = "position" in channel.kind
            self._write(channel.id, GOALS[channel.kind], _present(blocks[channel.id], "position") if position else 0)
            self._write(channel.id, TORQUE_ENABLE, 1)
        self._energised = True

    def _blocks(self) -> dict[int, bytes] | None:
        """The registers of all servos that are read (sync read), or None.

        An answer has no number of its own, so a late one could be taken for that to the next question: each question
        asks for another number of bytes than the one before.
        """
        self._asked = (self._asked + 1) % 8
        size = READ_SIZE + self._asked
        with failing(self._port_name):
            self._packets.syncReadTx(self._port, READ_FROM, size, self._ids, len(self._ids), False)
            blocks = {}
            for servo in self._ids:
                data, result, _ = self._packets.readRx(self._port, servo, size)
                if result != 0 or len(data) != size:
                    return None
                blocks[servo] = bytes(data)
        return blocks

    def _write_together(self, goal: Register, counts: dict[int, int]) -> None:
        """Sync write: no servo answers, and all obey at once."""
        told = b"".join(bytes([servo]) + _bytes(count, goal) for servo, count in counts.items())
        with failing(self._port_name):
            self._packets.syncWriteTxOnly(self._port, goal.address, goal.size, list(told), len(told))

    def _write(self, servo: int, register: Register, value: int) -> None:
        def ask() -> tuple[int, int]:
            data = list(_bytes(value, register))
            result, error = self._packets.writeTxRx(self._port, servo, register.address, register.size, data)
            return result, error

        self._ask(servo, f"write register {register.address}", ask)

    def _ask(self, servo: int, what: str, ask: Any) -> None:
        """Insists on a status packet without an error; `ask` ends with the SDK's result and error."""

        def answered() -> bool | None:
            with failing(self._port_name):
                *_, result, error = ask()
            if result == 0 and error & 0x7F:
                raise DriverError(
                    f"{self._port_name}: servo {servo} refused to {what}: its error number is {error & 0x7F}"
                )
            return True if result == 0 else None

        insist(answered, self._deadline_seconds, f"{self._port_name}: servo {servo} gave no answer to {what}")


def _present(block: bytes, kind: str) -> int:
    register = PRESENT[kind.removeprefix("extended ")]
    start = register.address - READ_FROM
    return int.from_bytes(block[start : start + register.size], "little", signed=True)


def _bytes(value: int, register: Register) -> bytes:
    return (value % 256**register.size).to_bytes(register.size, "little")
