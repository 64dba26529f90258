"""A bus of Dynamixel servos of the X series, through the maker's SDK, with our deadlines and errors."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from tutelage.drivers.driver import DriverError
from tutelage.drivers.port import failing, insist, opened

T = TypeVar("T")


class Register(NamedTuple):
    """A place in the control table (https://emanual.robotis.com/docs/en/dxl/x/xm430-w210/)."""

    address: int
    size: int

    def bytes(self, value: int) -> bytes:
        return (value % 256**self.size).to_bytes(self.size, "little")

    def saturated(self, value: int) -> int:
        """The nearest number that the register can hold."""
        most = 2 ** (8 * self.size - 1) - 1
        return min(most, max(-most, value))


OPERATING_MODE, TORQUE_ENABLE, BUS_WATCHDOG = Register(11, 1), Register(64, 1), Register(98, 1)
GOAL_CURRENT, GOAL_VELOCITY, GOAL_POSITION = Register(102, 2), Register(104, 4), Register(116, 4)
PRESENT_CURRENT, PRESENT_VELOCITY, PRESENT_POSITION = Register(126, 2), Register(128, 4), Register(132, 4)

TRIPPED = -1
"""of the bus watchdog"""


@dataclass(frozen=True)
class Measured:
    """One answer of a servo: its table from the bus watchdog to the present position."""

    block: bytes

    def __getitem__(self, register: Register) -> int:
        start = register.address - BUS_WATCHDOG.address
        return int.from_bytes(self.block[start : start + register.size], "little", signed=True)


class Port:
    """What the SDK needs of a port. The SDK's own spins, for at least 34 ms by the wall clock; this one waits."""

    def __init__(self, serial: Any, reply_seconds: float) -> None:
        self.serial, self.reply_seconds = serial, reply_seconds
        self._until = 0.0

    @property
    def is_using(self) -> bool:
        """The SDK's lock between threads. We have one thread, and after an error the SDK would leave it locked."""
        return False

    @is_using.setter
    def is_using(self, using: bool) -> None:
        """It stays unlocked."""

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


class Bus:
    """The servos on one port, which is opened at once.

    Attributes:
        questions: how often readings were requested, with repetitions.

    Raises:
        DriverError: the port cannot be opened. All methods that talk to a servo raise it, too.
    """

    def __init__(self, port: str, baudrate: int, reply_seconds: float, deadline_seconds: float) -> None:
        from dynamixel_sdk import PacketHandler

        self.name, self.deadline_seconds = port, deadline_seconds
        self._packets = PacketHandler(2.0)
        self._port = Port(opened(port, baudrate), reply_seconds)
        self.questions = 0

    def close(self) -> None:
        self._port.serial.close()

    def ping(self, servo: int) -> None:
        """Makes sure that this servo answers."""

        def ask() -> int | None:
            _, result, error = self._packets.ping(self._port, servo)
            return error if result == 0 else None

        self._insist(f"servo {servo} did not answer a ping", ask)

    def write(self, servo: int, register: Register, value: int, seconds: float | None = None) -> None:
        """Sets a register, and makes sure that the servo has done so, within the deadline or so many `seconds`."""

        def ask() -> int | None:
            data = list(register.bytes(value))
            self._packets.writeTxOnly(self._port, servo, register.address, register.size, data)
            self._port.setPacketTimeout(11)
            packet = self._received(servo, 0)
            return packet[8] if packet else None

        what = f"setting register {register.address} to {value}"
        error = self._insist(f"servo {servo} did not answer {what}", ask, seconds) & 0x7F
        if error:
            raise DriverError(f"{self.name}: servo {servo} refused {what}, with error {error}")

    def write_together(self, register: Register, values: dict[int, int]) -> None:
        """Sync write: the same register of some servos. All obey at once, none answers."""
        told = [byte for servo, value in values.items() for byte in (servo, *register.bytes(value))]
        with failing(self.name):
            result = self._packets.syncWriteTxOnly(self._port, register.address, register.size, told, len(told))
        if result != 0:
            raise DriverError(f"{self.name}: a command could not be sent: {self._packets.getTxRxResult(result)}")

    def read_together(self, servos: list[int]) -> dict[int, Measured]:
        """Sync read: what these servos measure."""
        return self._insist(f"servos {servos} gave no reading", lambda: self._read_once(servos))

    def _read_once(self, servos: list[int]) -> dict[int, Measured] | None:
        """Asks once.

        An answer has no number, so a late one could be taken for the answer to the next question. Therefore each
        question requests another number of bytes than the one before.
        """
        self.questions += 1
        first, size = BUS_WATCHDOG.address, PRESENT_POSITION.address + 4 - BUS_WATCHDOG.address + self.questions % 8
        self._packets.syncReadTx(self._port, first, size, servos, len(servos), False)
        measured = {}
        for servo in servos:
            packet = self._received(servo, size)
            if packet is None:
                return None
            measured[servo] = Measured(bytes(packet[9:-2]))
        return measured

    def _received(self, servo: int, size: int) -> list[int] | None:
        """The next status packet of this servo with so many bytes of data, if it comes in time."""
        while True:
            packet, result = self._packets.rxPacket(self._port, False)
            if result != 0:
                return None
            if packet[4] == servo and packet[5] + 256 * packet[6] == size + 4:
                return list(packet[: size + 11])

    def _insist(self, failure: str, ask: Callable[[], T | None], seconds: float | None = None) -> T:
        with failing(self.name):
            return insist(ask, seconds or self.deadline_seconds, f"{self.name}: {failure}")
