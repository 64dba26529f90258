"""ZeroMQ's sockets as the bus uses them, each with its limits. Only this file and curve.py import zmq.

A publisher (XPUB) receives only subscriptions and hellos, so its limit is small. A subscriber (XSUB) receives arrays if
its message types have some.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Collection, Iterable
from pathlib import Path

import zmq

from tutelage.codec import MAX_BODY, MAX_FRAME, Frame
from tutelage.files.naming import file_name
from tutelage.input.problems import Problem, Refusal
from tutelage.message import Message
from tutelage.transport import curve

Socket = zmq.Socket[bytes]
Context = zmq.Context[Socket]
Poller = zmq.Poller
READABLE = zmq.POLLIN

CONTROL_BYTES = 64 * 2**10
"""The most bytes of a subscription or hello."""

LINGER_MS, RECONNECT_MS = 200, 5

MOST_PACKETS = 1000
"""The most packets that wait for a machine whose link is cut."""


def unhurried() -> Context:
    """A context whose threads do not interrupt the node: they send when it waits, or has had its share of the core.

    So on Linux, in a process of ordinary priority; elsewhere it is one like all others.
    """
    context = Context()
    with contextlib.suppress(AttributeError, OSError):
        if (usual := os.sched_getscheduler(0)) != os.SCHED_OTHER:
            return context  # who has real-time priority might not get it back
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))  # libzmq would abort where this is not permitted
        os.sched_setscheduler(0, usual, os.sched_param(0))
        context.set(zmq.THREAD_SCHED_POLICY, os.SCHED_BATCH)
    return context


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


def publisher(context: Context, where: Iterable[str], high_water: int = 0, gate: curve.Gate | None = None) -> Socket:
    """A publisher. Its queue to each listener holds `high_water` messages (0: any number).

    Raises:
        PermissionError: others could reach it, and it has no gate.
    """
    _check_guarded(where, gate)
    socket = _socket(context, zmq.XPUB, high_water, CONTROL_BYTES)
    socket.setsockopt(zmq.XPUB_VERBOSE, 1)
    bind(socket, where, gate)
    return socket


def bind(socket: Socket, where: Iterable[str], gate: curve.Gate | None) -> None:
    """Binds a socket, first on this machine. What others can reach is guarded."""
    for one in sorted(where):  # `ipc` before `tcp`
        if gate and not one.startswith("ipc://"):
            gate.guard(socket)
        socket.bind(one)


def router(context: Context, where: str, gate: curve.Gate | None = None) -> Socket:
    """A socket that many dealers connect to. Who comes back takes the place of its earlier connection."""
    _check_guarded([where], gate)
    socket = _socket(context, zmq.ROUTER, 0, MAX_FRAME)
    socket.setsockopt(zmq.ROUTER_HANDOVER, 1)
    bind(socket, [where], gate)
    return socket


def dealer(context: Context, where: str, name: str = "", server: str = "", key: curve.Key | None = None) -> Socket:
    """A socket that connects to a router; on another machine, to one that has the public key `server`."""
    _check_guarded([where], key)
    socket = _socket(context, zmq.DEALER, MOST_PACKETS if key else 0, MAX_FRAME)
    if name:
        socket.setsockopt_string(zmq.IDENTITY, name)
    if key:
        curve.speak_to(socket, server, key)
    socket.connect(where)
    return socket


def offer(socket: Socket, body: bytes) -> bool:
    """Sends a message of a dealer; returns whether it could: after a refusal libzmq may give up, or too many wait."""
    with contextlib.suppress(zmq.Again):
        socket.send(body, zmq.NOBLOCK)
        return True
    return False


def packet(socket: Socket) -> list[bytes] | None:
    """The next message of a router or a dealer, or None."""
    with contextlib.suppress(zmq.Again):
        return socket.recv_multipart(zmq.NOBLOCK)
    return None


def sent(socket: Socket) -> tuple[str, bytes, bytes] | None:
    """The next message of a guarded router, or None: whose key it came by, its connection, and what it says."""
    with contextlib.suppress(zmq.Again):
        connection, *_, body = socket.recv_multipart(zmq.NOBLOCK, copy=False)
        return str(body.get("User-Id")), connection.bytes, body.bytes
    return None


def leave(context: Context, socket: Socket, milliseconds: int) -> None:
    """Closes the last socket of a context. Its last messages have this time, also where libzmq would wait on."""
    socket.close(linger=milliseconds)
    ending = threading.Thread(target=context.term, daemon=True)
    ending.start()
    ending.join(milliseconds / 1000)


def _check_guarded(where: Iterable[str], guard: curve.Gate | curve.Key | None) -> None:
    for one in where:
        if guard is None and not one.startswith("ipc://"):
            raise PermissionError(f"{one} can be reached by others, so it must be guarded by keys")


def subscriber(
    context: Context, where: Collection[str], topics: Iterable[bytes], key: curve.Key | None = None, **limits: int
) -> Socket:
    """A subscriber to these topics. Its limits are `high_water` and `largest`, as in `publisher` and `largest`.

    To other machines it speaks with the run's key.

    Raises:
        PermissionError: it has none.
    """
    _check_guarded(where, key)
    socket = _socket(context, zmq.XSUB, **limits)
    socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
    for topic in topics:
        socket.send(b"\1" + topic + b"\0")
    for one in sorted(where):  # `ipc` before `tcp`
        if key and not one.startswith("ipc://"):
            curve.speak_to(socket, key.public, key)
        socket.connect(one)
    return socket


def move(socket: Socket, before: Iterable[str], after: Iterable[str]) -> None:
    """Connects a subscriber to other addresses than before. To other machines it speaks with the key that it has."""
    for one in before:
        socket.disconnect(one)
    for one in after:
        socket.connect(one)


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
