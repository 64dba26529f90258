"""The ports of a machine's nodes, held for as long as the run goes on."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable, Mapping

from tutelage.input.problems import Problem, Refusal
from tutelage.transport.places import Place

PORT = 7700
"""The launcher's port, unless another is named."""

RAY_PORT = 6379
"""That of Ray's head node, unless another is named."""


def parsed(address: str, default: int = PORT) -> tuple[str, int]:
    """The IPv4 address and the port of `ADDRESS` or `ADDRESS:PORT`.

    Raises:
        Refusal: there is no such address.
    """
    host, _, port = address.partition(":")
    try:
        number = int(port or default)
        if not host or not 0 < number < 2**16:
            raise ValueError
        return socket.gethostbyname(host), number
    except (ValueError, OSError) as error:
        raise Refusal([Problem(address, "this is no address: write 10.0.0.1, or 10.0.0.1:7700")]) from error


def own_address(other: str) -> str:
    """This machine's address as another one sees it. No packet is sent for that."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect((other, PORT))
        return str(asking.getsockname()[0])


class Ports:
    """Two ports for each node. On Linux a bound socket keeps each from other programs, also between a node's lives.

    Args:
        host: the name of this machine.
        address: its address.
        before: where the nodes were before `join` was started again: others look for them there.

    Raises:
        Refusal: a port is taken.
    """

    def __init__(self, host: str, address: str, nodes: Iterable[str], before: Mapping[str, Place]) -> None:
        self._held: list[socket.socket] = []
        self.places: dict[str, Place] = {}
        for name in nodes:
            old = before.get(name)
            links, tap = (self.hold(address, one) for one in ((old.links, old.tap) if old else ("", "")))
            self.places[name] = Place(host, links, tap)

    def hold(self, address: str, before: str = "") -> str:
        """Holds a port, the one of an earlier address if there is one; returns the address with it. Raises Refusal."""
        holding = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        holding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._held.append(holding)
        try:
            holding.bind((address, int(before.rpartition(":")[2]) if before else 0))
        except OSError as error:
            self.close()
            raise Refusal([Problem(before or address, f"this address cannot be used: {error.strerror}")]) from error
        port = holding.getsockname()[1]
        if sys.platform != "linux":  # only there may two sockets be bound to a port that one of them listens at
            holding.close()
        return f"tcp://{address}:{port}"

    def close(self) -> None:
        for holding in self._held:
            holding.close()
