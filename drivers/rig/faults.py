"""Faults on demand: a socket beside the rig's link receives a line of words, and answers with a line of JSON.

state               the machine's true state
unplug | plug       the cable
drop FRACTION       this fraction of the answers is lost
garble FRACTION     this fraction of the answers has random bytes in it
noise COUNT         so many random bytes come before each answer
garbage COUNT       so many random bytes are sent now
slow SECONDS        answers are late
stuck AXIS | free AXIS          the encoder of axis 0, 1, ... stops counting, or counts again
freeze CHANNEL | thaw CHANNEL   a reading (position, speed of axis 0, then of axis 1, ...) stays the same, or goes on
place SEED          the operator puts the machine where an episode begins
"""

from __future__ import annotations

import json
import math
import socket
from pathlib import Path
from typing import Any

from tutelage.drivers.rig.line import Line
from tutelage.drivers.rig.machine import Machine


def control_path(link: Path) -> Path:
    """Where the socket is."""
    return link.with_name(link.name + ".control")


class Control:
    """The rig's end of the socket."""

    def __init__(self, link: Path, machine: Machine, line: Line) -> None:
        self.machine, self.line = machine, line
        self.path = control_path(link)
        self.path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(self.path))
        self._socket.listen()
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def serve(self, now: float) -> None:
        """Obeys one line of words, if one has come."""
        try:
            client, _ = self._socket.accept()
        except BlockingIOError:
            return
        with client:
            client.settimeout(0.1)
            try:
                words = client.recv(1024).decode().split()
                client.sendall(json.dumps(self._answer(words, now)).encode() + b"\n")
            except OSError:
                return  # the client has gone away

    def _answer(self, words: list[str], now: float) -> dict[str, Any]:
        try:
            return self._do(*words) or self._state(now)
        except (TypeError, ValueError, IndexError) as error:
            return {"error": f"cannot do '{' '.join(words)}': {error}"}

    def _do(self, what: str, value: str = "0") -> dict[str, Any] | None:
        """One of the words above."""
        match what:
            case "state":
                pass
            case "unplug":
                self.line.unplug()
            case "plug":
                self.line.plug()
            case "drop":
                self.line.dropped = float(value)
            case "garble":
                self.line.garbled = float(value)
            case "noise":
                self.line.noise = int(value)
            case "garbage":
                self.line.write(self.line.garbage(int(value)))
            case "slow":
                self.line.slow_seconds = float(value)
            case "stuck":
                self.machine.stuck[int(value)] = self.machine.read().counts[int(value)]
            case "free":
                self.machine.stuck.pop(int(value), None)
            case "freeze":
                self.machine.freeze(int(value))
            case "thaw":
                self.machine.frozen.pop(int(value), None)
            case "place":
                self.machine.place(int(value))
            case _:
                return {"error": f"there is no '{what}'"}
        return None

    def _state(self, now: float) -> dict[str, Any]:
        machine = self.machine
        return {
            "time": now,
            "positions": machine.plant.positions,
            "velocity": machine.plant.velocity,
            "force": machine.force * machine.plant.full_force,
            "held": machine.held,
            "commanded": _or_none(machine.commanded),
            "moved": _or_none(machine.moved),
            "stopped_by": machine.stopped_by,
            "stops": machine.stops,
            "watchdog_tripped": machine.watchdog_tripped,
            "longest_leap": machine.longest_leap,
        }

    def close(self) -> None:
        self._socket.close()
        self.path.unlink(missing_ok=True)


def _or_none(time: float) -> float | None:
    return time if math.isfinite(time) else None
