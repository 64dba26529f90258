"""Connects to a run's sockets with keys that are not allowed, as hosts.py asks it: ATTEMPTS REVOKED ADDRESS..."""

from __future__ import annotations

import sys
import time
from itertools import cycle, islice

import zmq

TOGETHER, LISTEN_SECONDS = 100, 0.5


def attempt(context: zmq.Context[zmq.Socket[bytes]], kind: str, address: str, revoked: str) -> zmq.Socket[bytes]:
    """A connection with a key of this kind. It asks for all topics, and says something."""
    made = context.socket(zmq.SUB if kind == "none" else zmq.DEALER)
    made.setsockopt(zmq.LINGER, 0)
    if kind != "none":
        made.curve_publickey, made.curve_secretkey = zmq.curve_keypair()
        made.curve_serverkey = zmq.curve_keypair()[0] if kind == "wrong" else bytes.fromhex(revoked)
    made.connect(address)
    if kind == "none":
        made.setsockopt(zmq.SUBSCRIBE, b"")
    else:
        made.send(b'{"ask": true}', zmq.NOBLOCK)
    return made


def main() -> None:
    attempts, revoked, addresses = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 4 * TOGETHER)
    kinds, targets, frames, began = (
        cycle(["none", "unknown", "wrong", "revoked"]),
        cycle(addresses),
        0,
        time.monotonic(),
    )
    for _ in range(attempts // TOGETHER):
        callers = [attempt(context, kind, where, revoked)
                   for kind, where in islice(zip(kinds, targets, strict=False), TOGETHER)]  # fmt: skip
        time.sleep(LISTEN_SECONDS)
        frames += sum(bool(one.poll(0)) for one in callers)
        for one in callers:
            one.close()
    print(f"{attempts} attempts in {time.monotonic() - began:.0f} s: {frames} got a frame")


if __name__ == "__main__":
    main()
