"""A rig's servos, as a host on a Dynamixel bus sees them: control tables of the X series, one servo an axis.

The first servo is the motor, the others are encoders. The register Place is the rig's own: writing a number there puts
the machine where an episode begins; the number is the seed of the exact pose.
"""

from __future__ import annotations

from collections.abc import Iterator

from tutelage.drivers.rig.machine import Machine, Mode, MotorCommand
from tutelage.drivers.rig.protocol2 import Instruction, Parser, status

BROADCAST = 0xFE
PING, READ, WRITE, SYNC_READ, SYNC_WRITE = 0x01, 0x02, 0x03, 0x82, 0x83

OK, RESULT_FAIL, INSTRUCTION_ERROR, _, DATA_RANGE, DATA_LENGTH, DATA_LIMIT, ACCESS = range(8)

MODEL, FIRMWARE = 1030, 46  # an XM430-W210
CURRENT_COUNTS = 1000
"""of full force, one of 2.69 mA"""
SPEED_UNIT = 0.229 / 60
"""turns a second"""

MODEL_NUMBER, ID, OPERATING_MODE, CURRENT_LIMIT = (0, 2), (7, 1), (11, 1), (38, 2)
TORQUE_ENABLE, BUS_WATCHDOG = (64, 1), (98, 1)
GOAL_CURRENT, GOAL_VELOCITY, GOAL_POSITION = (102, 2), (104, 4), (116, 4)
PRESENT_CURRENT, PRESENT_VELOCITY, PRESENT_POSITION = (126, 2), (128, 4), (132, 4)
PLACE = (512, 2)

WRITABLE = (OPERATING_MODE, TORQUE_ENABLE, BUS_WATCHDOG, GOAL_CURRENT, GOAL_VELOCITY, GOAL_POSITION, PLACE)
GOALS: dict[int, tuple[tuple[int, int], Mode]] = {
    0: (GOAL_CURRENT, "current"),
    1: (GOAL_VELOCITY, "velocity"),
    3: (GOAL_POSITION, "position"),
    4: (GOAL_POSITION, "position"),
}
"""by operating mode: the register that counts"""
TRIPPED = 255
"""of the bus watchdog: -1"""


class Servo:
    """One servo: its control table and its axis of the machine."""

    def __init__(self, number: int, axis: int, machine: Machine) -> None:
        self.id, self.axis, self.machine = number, axis, machine
        self.table = bytearray(1024)
        self.heard = 0.0
        for register, value in ((MODEL_NUMBER, MODEL), (ID, number), (OPERATING_MODE, 3), (CURRENT_LIMIT, 1000)):
            self._set(register, value)
        self.table[6] = FIRMWARE

    def read(self, address: int, length: int) -> bytes:
        """The table's bytes, with the present measurements."""
        reading = self.machine.read()
        turns = reading.speeds[self.axis] / self.machine.imperfections.encoder_counts
        self._set(PRESENT_POSITION, round(reading.counts[self.axis] * 4096 / self.machine.imperfections.encoder_counts))
        self._set(PRESENT_VELOCITY, round(turns / SPEED_UNIT))
        self._set(PRESENT_CURRENT, round(reading.force * CURRENT_COUNTS) if self.axis == 0 else 0)
        return bytes(self.table[address : address + length])

    def write(self, address: int, data: bytes, now: float) -> int:
        """Sets one register, or several adjacent ones; returns the error number."""
        while data:
            register = next((r for r in WRITABLE if r[0] == address), None)
            if register is None:
                return ACCESS
            if len(data) < register[1]:
                return DATA_LENGTH
            if error := self._write_one(register, data[: register[1]], now):
                return error
            address, data = address + register[1], data[register[1] :]
        return OK

    def _write_one(self, register: tuple[int, int], data: bytes, now: float) -> int:
        value = int.from_bytes(data, "little", signed=register not in (BUS_WATCHDOG, PLACE))
        if error := self._refused(register, value):
            return error
        self._set(register, value)
        if register == PLACE:
            self.machine.place(value)
        elif register == TORQUE_ENABLE and not value and self.axis == 0:
            self.machine.off()
        elif self.axis == 0 and self._get(TORQUE_ENABLE):
            goal, mode = GOALS[self._get(OPERATING_MODE)]
            if register == goal:
                self.machine.command(MotorCommand(mode, self._goal(mode, value)), now)
        return OK

    def _refused(self, register: tuple[int, int], value: int) -> int:
        """The error number if this value must not be written there now, otherwise OK."""
        tripped = self._get(BUS_WATCHDOG) == TRIPPED
        if register == OPERATING_MODE and self._get(TORQUE_ENABLE):
            return ACCESS
        if register == OPERATING_MODE and value not in GOALS:
            return DATA_RANGE
        if register in (GOAL_CURRENT, GOAL_VELOCITY, GOAL_POSITION) and tripped:
            return DATA_RANGE
        if register == BUS_WATCHDOG and value > 127:
            return DATA_RANGE
        if register == GOAL_CURRENT and abs(value) > self._get(CURRENT_LIMIT):
            return DATA_LIMIT
        return OK

    def watch(self, now: float) -> None:
        """The bus watchdog (register 98, in 20 ms): a bus that fell silent stops the motor."""
        limit = self._get(BUS_WATCHDOG)
        if 0 < limit < TRIPPED and now - self.heard > limit * 0.02:
            self._set(BUS_WATCHDOG, TRIPPED)
            self._set(GOAL_CURRENT, 0)
            self._set(GOAL_VELOCITY, 0)
            if self.axis == 0:
                self.machine.off("watchdog")

    def _goal(self, mode: Mode, value: int) -> float:
        axis = self.machine.plant.axes[0]
        if mode == "current":
            return value / CURRENT_COUNTS
        if mode == "velocity":
            return value * SPEED_UNIT / axis.turns_per_unit
        return (value / 4096 - axis.zero_turns) / axis.turns_per_unit

    def _set(self, register: tuple[int, int], value: int) -> None:
        address, size = register
        self.table[address : address + size] = (value % 256**size).to_bytes(size, "little")

    def _get(self, register: tuple[int, int]) -> int:
        return int.from_bytes(self.table[register[0] : register[0] + register[1]], "little")


class Bus:
    """The servos of a machine on one line: bytes in, bytes out."""

    def __init__(self, machine: Machine) -> None:
        self.servos = {i + 1: Servo(i + 1, i, machine) for i in range(len(machine.plant.axes))}
        self._parser = Parser()

    def watch(self, now: float) -> None:
        for servo in self.servos.values():
            servo.watch(now)

    def hear(self, data: bytes, now: float) -> Iterator[bytes]:
        """The answers to the bytes that arrive."""
        for instruction in self._parser.feed(data, now):
            for servo in self.servos.values():
                servo.heard = now
            yield from self._answer(instruction, now)

    def _answer(self, instruction: Instruction, now: float) -> Iterator[bytes]:
        number, code, parameters = instruction
        asked = self.servos.values() if number == BROADCAST else [s for s in self.servos.values() if s.id == number]
        if code == SYNC_READ and number == BROADCAST and len(parameters) >= 4:
            address, length = _words(parameters)
            yield from (self._read(self.servos[i], address, length) for i in parameters[4:] if i in self.servos)
        elif code == SYNC_WRITE and number == BROADCAST and len(parameters) >= 4:
            address, length = _words(parameters)
            for start in range(4, len(parameters) - length, length + 1):
                if servo := self.servos.get(parameters[start]):
                    servo.write(address, parameters[start + 1 : start + 1 + length], now)
        else:
            answers = (self._answer_one(servo, code, parameters, now) for servo in asked)
            yield from (answer for answer in answers if number != BROADCAST or code == PING)

    def _answer_one(self, servo: Servo, code: int, parameters: bytes, now: float) -> bytes:
        if code == PING:
            return status(servo.id, OK, MODEL.to_bytes(2, "little") + bytes([FIRMWARE]))
        if code == READ and len(parameters) == 4:
            return self._read(servo, *_words(parameters))
        if code == WRITE and len(parameters) > 2:
            return status(servo.id, servo.write(int.from_bytes(parameters[:2], "little"), parameters[2:], now))
        return status(servo.id, INSTRUCTION_ERROR)

    def _read(self, servo: Servo, address: int, length: int) -> bytes:
        if address + length > len(servo.table):
            return status(servo.id, DATA_RANGE)
        return status(servo.id, OK, servo.read(address, length))


def _words(parameters: bytes) -> tuple[int, int]:
    return int.from_bytes(parameters[:2], "little"), int.from_bytes(parameters[2:4], "little")
