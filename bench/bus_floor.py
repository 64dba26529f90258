"""The bus benchmark's floor: the same questions between two processes with pyzmq and msgpack alone.

No header, no schema, no check, no order, nothing saved, collector off: what is left is the transport's own cost.
"""

from __future__ import annotations

import gc
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import zmq

from bench.bus_nodes import PICTURE, STATE

Value = dict[str, Any]
END = b"end"


def small(i: int) -> Value:
    return {"t": 1.25 + i, "seq": i, "obs": STATE_LIST, "action": 0.37, "reward": 1.0, "done": False}


STATE_LIST = STATE.tolist()


def image(i: int) -> Value:
    return {"seq": i, "data": PICTURE}


class Wire:
    """Two sockets, one each way; an image's pixels are a frame of their own, not copied."""

    def __init__(self, folder: Path, mine: str, other: str, framed: bool) -> None:
        self.context = zmq.Context()
        self.out, self.into = self.context.socket(zmq.PUB), self.context.socket(zmq.SUB)
        for end in (self.out, self.into):
            end.sndhwm = end.rcvhwm = 0
        self.out.bind(f"ipc://{folder}/{mine}")
        self.into.connect(f"ipc://{folder}/{other}")
        self.into.subscribe(b"value")
        self.into.subscribe(END)
        self.send, self.receive = (self._send_framed, self._receive_framed) if framed else (self._send, self._receive)

    def _send(self, value: Value) -> None:
        self.out.send_multipart([b"value", msgpack.packb(value)])

    def _receive(self) -> Value | None:
        topic, body = self.into.recv_multipart()
        return None if topic == END else msgpack.unpackb(body)

    def _send_framed(self, value: Value) -> None:
        data = value["data"]
        head = msgpack.packb({"seq": value["seq"], "dtype": data.dtype.str, "shape": data.shape})
        self.out.send_multipart([b"value", head, memoryview(data).cast("B")], copy=False)

    def _receive_framed(self) -> Value | None:
        frames = self.into.recv_multipart(copy=False)
        if frames[0].bytes == END:
            return None
        head = msgpack.unpackb(frames[1].buffer)
        return {"seq": head["seq"], "data": np.frombuffer(frames[2].buffer, head["dtype"]).reshape(head["shape"])}

    def end(self) -> None:
        self.out.send_multipart([END, b""])

    def meet(self, value: Value) -> None:
        """Asks until the other end answers: only then both subscriptions stand."""
        self.send(value)
        while not self.into.poll(20):
            self.send(value)
        while self.into.poll(100):
            self.receive()


def answer(folder: Path, framed: bool, keeps: bool) -> Callable[[socket.socket], None]:
    """The far end of the round trips: says what it hears, decoded and encoded anew; it may keep all of it in memory."""

    def body(_: socket.socket) -> None:
        wire = Wire(folder, "far", "near", framed)
        gc.disable()
        kept = []
        while (value := wire.receive()) is not None:
            wire.send(value)
            if keeps:
                kept.append(value)
        wire.context.destroy(0)

    return body


def _round_trips(wire: Wire, make: Callable[[int], Value], count: int) -> Iterator[int]:
    for i in range(count):
        asked = time.monotonic_ns()
        wire.send(make(i))
        wire.receive()
        yield time.monotonic_ns() - asked


def ask(folder: Path, kind: str, count: int, warm: int) -> Callable[[socket.socket], None]:
    """The near end: reports round trips (ns) through its lifeline."""
    make = small if kind == "small" else image

    def body(lifeline: socket.socket) -> None:
        wire = Wire(folder, "near", "far", kind == "image")
        wire.meet(make(0))
        gc.disable()
        times = list(_round_trips(wire, make, warm + count))
        wire.end()
        lifeline.sendall(json.dumps({"times": times[warm:]}).encode() + b"\n")
        wire.context.destroy(200)

    return body


def count(folder: Path) -> Callable[[socket.socket], None]:
    """The far end of the flood: says back the first value, then counts."""

    def body(lifeline: socket.socket) -> None:
        wire = Wire(folder, "far", "near", False)
        gc.disable()
        heard, end = 0, 0
        while (value := wire.receive()) is not None:
            if value["seq"] < 0:
                wire.send(value)
            else:
                heard, end = heard + 1, time.monotonic_ns()
        lifeline.sendall(json.dumps({"received": heard, "end": end}).encode() + b"\n")
        wire.context.destroy(0)

    return body


def flood(folder: Path, number: int) -> Callable[[socket.socket], None]:
    """The near end: says so many as fast as it can, and reports when it began and ended."""

    def body(lifeline: socket.socket) -> None:
        wire = Wire(folder, "near", "far", False)
        wire.meet(small(-1))
        gc.disable()
        begin = time.monotonic_ns()
        for i in range(number):
            wire.send(small(i))
        end = time.monotonic_ns()
        wire.end()
        lifeline.sendall(json.dumps({"begin": begin, "end": end}).encode() + b"\n")
        wire.context.destroy(10_000)

    return body
