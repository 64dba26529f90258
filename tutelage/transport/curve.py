"""CURVE on the links between machines: who has no key that is allowed gets no frame in or out.

Without an allow-list CURVE lets every client in that knows the server's public key. So each socket that others can
reach has a gate (ZeroMQ's authentication protocol, ZAP), and lets nobody in if it has none. The gate works in a thread
of its own: a node that computes keeps nobody waiting, and refused clients are in its log within a second.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket as network
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import zmq
from zmq.utils import z85

from tutelage.input.problems import complain

DOMAIN = b"tutelage"

SAY_SECONDS = 0.5
"""At most so often a line in the log tells who was refused."""

MOST_ADDRESSES = 16
"""The most addresses that such a line names."""

HEARTBEAT_MS, SILENT_MS, CONNECT_MS, RECONNECT_MS = 1000, 5000, 2000, 100
"""A link whose other end was silent for SILENT_MS is cut and made anew, and the two ends meet again."""

_WATCHED = (
    zmq.EVENT_ACCEPTED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_MONITOR_STOPPED
)

_Socket = zmq.Socket[bytes]


class Key(NamedTuple):
    """A pair of CURVE keys, each 32 bytes as hexadecimal digits."""

    public: str
    secret: str

    @classmethod
    def new(cls) -> Key:
        return cls(*(z85.decode(key).hex() for key in zmq.curve_keypair()))


def is_public(key: str) -> bool:
    """Whether a text can be a public key."""
    return re.fullmatch("[0-9a-f]{64}", key) is not None


def speak_to(socket: _Socket, server: str, key: Key) -> None:
    """All later connections of a socket use this key, to a server with that public key."""
    socket.setsockopt(zmq.CURVE_SERVERKEY, bytes.fromhex(server))
    socket.setsockopt(zmq.CURVE_PUBLICKEY, bytes.fromhex(key.public))
    socket.setsockopt(zmq.CURVE_SECRETKEY, bytes.fromhex(key.secret))
    socket.setsockopt(zmq.CONNECT_TIMEOUT, CONNECT_MS)
    socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
    _beat(socket)


def _beat(socket: _Socket) -> None:
    socket.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_MS)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, SILENT_MS)


class Gate:
    """Lets clients in at the sockets of a context, by their keys.

    Args:
        key: the key of these sockets.
        allowed: the name of whoever has a public key; empty if it is not allowed.
    """

    def __init__(self, context: zmq.Context[_Socket], key: Key, allowed: Callable[[str], str]) -> None:
        self.key, self._allowed = key, allowed
        self._zap = context.socket(zmq.REP)
        self._zap.bind("inproc://zeromq.zap.01")
        self._guarded: list[_Socket] = []
        self._monitors: list[_Socket] = []
        self._peers: dict[int, str] = {}  # by file number: addresses that have connected
        self._refused: dict[str, str] = {}  # by address: why, since the last line in the log
        self._said = 0.0
        self._thread = threading.Thread(target=self._serve, name="gate", daemon=True)

    def guard(self, socket: _Socket) -> None:
        """All later binds of a socket are guarded. Without the thread nobody gets in."""
        socket.setsockopt(zmq.CURVE_SECRETKEY, bytes.fromhex(self.key.secret))
        socket.setsockopt(zmq.CURVE_SERVER, 1)
        socket.setsockopt(zmq.ZAP_DOMAIN, DOMAIN)
        socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
        _beat(socket)
        self._monitors.append(socket.get_monitor_socket(_WATCHED))
        self._guarded.append(socket)

    def open(self) -> None:
        """Begins to let clients in, once all sockets are bound."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread. Must be called before the context is destroyed."""
        for socket in self._guarded:
            socket.disable_monitor()
        self._thread.join()

    def _serve(self) -> None:
        from zmq.utils.monitor import recv_monitor_message  # imports asyncio, which a run on one machine does not need

        poller = zmq.Poller()
        for socket in (self._zap, *self._monitors):
            poller.register(socket, zmq.POLLIN)
        stopped = False
        while not stopped:
            for socket, _ in poller.poll(int(SAY_SECONDS * 1000) if self._refused else None):
                if socket is self._zap:
                    self._answer()
                else:
                    stopped |= self._note(recv_monitor_message(socket))
            self._say()
        self._zap.close(linger=0)

    def _answer(self) -> None:
        """Answers whether a client with a key may come in (ZAP 1.0)."""
        version, request, _, address, _, _, *credentials = self._zap.recv_multipart()
        name, why = "", "its key is not allowed"
        try:
            name = self._allowed(credentials[0].hex()) if credentials else ""
        except (OSError, ValueError) as error:
            why = f"the allowed keys cannot be read: {error}"
        if not name:
            self._refused.setdefault(address.decode(), why)
        status = (b"200", b"", name.encode()) if name else (b"400", b"this key is not allowed", b"")
        self._zap.send_multipart([version, request, *status, b""])

    def _note(self, event: Any) -> bool:
        """Notes who was refused before it came to its key; returns whether the sockets are closed."""
        kind, file = event["event"], event["value"]
        if kind == zmq.EVENT_ACCEPTED:
            self._peers[file] = _address(file)
        elif kind == zmq.EVENT_DISCONNECTED:
            address = self._peers.pop(file, "")
            if "" in self._refused:  # its handshake has just failed: the two events come together
                self._refused.setdefault(address or "an address that is gone", self._refused.pop(""))
        elif kind != zmq.EVENT_MONITOR_STOPPED:
            self._refused[""] = "it showed no key, or expected another key here"
        return bool(kind == zmq.EVENT_MONITOR_STOPPED)

    def _say(self) -> None:
        """Tells the log who was refused, at most every SAY_SECONDS."""
        if not self._refused.keys() - {""} or time.monotonic() - self._said < SAY_SECONDS:
            return
        self._said = time.monotonic()
        named = [f"{address} ({why})" for address, why in self._refused.items() if address][:MOST_ADDRESSES]
        complain(f"refused at {time.strftime('%H:%M:%S')}: {', '.join(named)}")
        self._refused.clear()


def _address(file: int) -> str:
    """The address of the other end of a connection that libzmq has accepted; empty if it is gone already."""
    with contextlib.suppress(OSError), network.socket(fileno=os.dup(file)) as peer:
        return str(peer.getpeername()[0]) if peer.family == network.AF_INET else ""
    return ""
