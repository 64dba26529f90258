"""The rig as a home-made device: what the Arduino of docs/serial.md does, in Python."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

import numpy as np

from tutelage.drivers.frames import Decoder, Frame, encode
from tutelage.drivers.rig.machine import Machine, MotorCommand

ANSWER = 0x80


class SerialDevice:
    """Bytes in, bytes out. It measures position and velocity of each axis in turn, and accepts the motor's force."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._decoder = Decoder()

    def watch(self, now: float) -> None:
        """There is only the machine's own watchdog."""

    def hear(self, data: bytes, now: float) -> Iterator[bytes]:
        """The answers to the bytes that arrive."""
        for frame in self._decoder.feed(data):
            try:
                body = self._do(chr(frame.kind), frame.body, now)
            except (struct.error, ValueError) as error:
                yield encode(Frame(ord("e") | ANSWER, frame.sequence, str(error).encode()[:250]))
            else:
                yield encode(Frame(frame.kind | ANSWER, frame.sequence, body))

    def _do(self, kind: str, body: bytes, now: float) -> bytes:
        match kind:
            case "d":
                return self._described(body[0] if body else 0)
            case "r":
                return self._read()
            case "w":
                return self._write(struct.unpack("<f", body)[0], now)
            case "s":
                self.machine.off()
            case "p":
                self.machine.place(*struct.unpack("<I", body))
            case _:
                raise ValueError(f"there is no command {kind!r}")
        return b""

    def _read(self) -> bytes:
        reading, counts = self.machine.read(), self.machine.imperfections.encoder_counts
        values = []
        for axis, position, speed in zip(self.machine.plant.axes, reading.counts, reading.speeds, strict=True):
            values += [
                (position / counts - axis.zero_turns) / axis.turns_per_unit,
                speed / counts / axis.turns_per_unit,
            ]
        return np.array(values, "<f4").tobytes()

    def _write(self, force: float, now: float) -> bytes:
        full = self.machine.plant.full_force
        if not math.isfinite(force):
            raise ValueError("the force is not finite")
        applied = self.machine.command(MotorCommand("current", force / full), now)
        return struct.pack("<f", applied * full)

    def _described(self, index: int) -> bytes:
        """One channel: `o` it observes or `a` it accepts, lowest and highest, name, unit; nothing after the last."""
        plant = self.machine.plant
        channels = [
            ("o", name, unit, limit)
            for axis in plant.axes
            for name, unit, limit in (
                (axis.name, axis.unit, axis.limit),
                (f"{axis.name} velocity", f"{axis.unit}/s", math.inf),
            )
        ]
        channels.append(("a", plant.force_name, plant.force_unit, plant.full_force))
        if index >= len(channels):
            return b""
        way, name, unit, limit = channels[index]
        return struct.pack("<cff", way.encode(), -limit, limit) + f"{name}\0{unit}".encode()
