"""ZeroMQ's sockets as the bus uses them, each with its limits. Nothing else imports zmq.

A publisher (XPUB) receives only subscriptions and hellos, so its limit is small. A subscriber (XSUB) receives arrays if
its message types have some.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

import zmq

from tutelage.codec import MAX_BODY, MAX_FRAME, Frame
from tutelage.files.naming import file_name
from tutelage.input.problems import Problem, Refusal
from tutelage.message import Message

Socket = zmq.Socket[bytes]
Context = zmq.Context[Socket]
Poller = zmq.Poller
READABLE = zmq.POLLIN

CONTROL_BYTES = 64 * 2**10
"""The most bytes of a subscription or hello."""

LINGER_MS, RECONNECT_MS = 200, 5


def address(folder: Path, node: str, kind: str) -> str:
    """The address of a node's publisher, `links` or `tap`.

    Raises:
        Refusal: the path is longer than the system allows for a socket.
    """
    path = f"{folder}/{file_name(node)}.{kind}"
    if len(path.encode()) > zmq.IPC_PATH_MAX_LEN:
        what = f"a socket's path may have {zmq.IPC_PATH_MAX_LEN} bytes: set TMPDIR to a shorter folder"
        raise Refusal([Problem(path, what)])
    return f"ipc://{path}"


def publisher(context: Context, where: str, high_water: int = 0) -> Socket:
    """A publisher. Its queue to each listener holds `high_water` messages (0: any number)."""
    socket = _socket(context, zmq.XPUB, high_water, CONTROL_BYTES)
    socket.setsockopt(zmq.XPUB_VERBOSE, 1)
    socket.bind(where)
    return socket


def subscriber(context: Context, where: Iterable[str], topics: Iterable[bytes], **limits: int) -> Socket:
    """A subscriber to these topics. Its limits are `high_water` and `largest`, as in `publisher` and `largest`."""
    socket = _socket(context, zmq.XSUB, **limits)
    socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
    for topic in topics:
        socket.send(b"\1" + topic + b"\0")
    for one in where:
        socket.connect(one)
    return socket


def _socket(context: Context, kind: int, high_water: int, largest: int) -> Socket:
    socket: Socket = context.socket(kind)
    socket.setsockopt(zmq.SNDHWM, high_water)
    socket.setsockopt(zmq.RCVHWM, high_water)
    socket.setsockopt(zmq.MAXMSGSIZE, largest)
    socket.setsockopt(zmq.LINGER, LINGER_MS)
    return socket


def largest(kinds: Iterable[type[Message]]) -> int:
    """The most bytes of a frame of these message types. Large arrays have frames of their own."""
    return MAX_FRAME if any(field.dtypes for kind in kinds for field in kind.declared) else MAX_BODY


def raise_high_water(socket: Socket, messages: int) -> None:
    """Lets more messages wait. (Fewer, on a live connection, would make the two ends wait for each other.)"""
    socket.setsockopt(zmq.SNDHWM, messages)


def patience(socket: Socket, milliseconds: int) -> None:
    """Sets how long `take` waits."""
    socket.setsockopt(zmq.RCVTIMEO, milliseconds)


def send(socket: Socket, frames: list[Frame]) -> None:
    if len(frames) == 1:
        socket.send(frames[0])
    else:
        socket.send_multipart(frames, copy=False)


def take(socket: Socket) -> list[Frame] | None:
    """The next message, with its first frame as bytes; None if none comes within the socket's patience."""
    try:
        frame = socket.recv(copy=False)
    except zmq.Again:
        return None
    frames: list[Frame] = [frame.bytes]
    while frame.more:
        frame = socket.recv(copy=False)
        frames.append(frame.buffer)
    return frames


def read(socket: Socket) -> bytes | None:
    """The next subscription or hello of a publisher's listeners, or None."""
    with contextlib.suppress(zmq.Again):
        return socket.recv(zmq.NOBLOCK)
    return None
