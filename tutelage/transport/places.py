"""Where the nodes of a run are: on this machine by their sockets in a folder, on others by tcp.

A run over several machines has the file `places.json` in the socket folder of each: the machine's own name, the
addresses of all nodes, and the run's key. Who has that key is of the run: it is made anew for each run, the file is its
user's alone, and it travels to the other machines in the encrypted connection that they have joined by.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tutelage.files import durable
from tutelage.transport import sockets
from tutelage.transport.curve import Gate, Key

FILE = "places.json"


class Place(NamedTuple):
    """A node's machine (empty: the launcher's), and the addresses of its two publishers there."""

    host: str
    links: str
    tap: str


class Places(NamedTuple):
    """The machine that this process runs on, the run's key, and where each node is."""

    host: str
    key: Key
    nodes: dict[str, Place]

    def write(self, folder: Path) -> None:
        """Writes the file into a socket folder, for its user alone."""
        fresh = folder / f"{FILE}.new"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self._asdict(), file)
        fresh.replace(folder / FILE)


def of(folder: Path) -> Places | None:
    """The places of a run; None if it is all on this machine.

    Raises:
        Refusal: the file is damaged.
    """
    if not (folder / FILE).exists():
        return None
    read = durable.read_json(folder / FILE)
    return Places(read["host"], Key(*read["key"]), {name: Place(*place) for name, place in read["nodes"].items()})


class Watch:
    """Where to hear these nodes' publishers, also when those of a lost machine go on elsewhere.

    Args:
        kind: which publisher of theirs, `links` or `tap`.
    """

    def __init__(self, folder: Path, nodes: Iterable[str], kind: str) -> None:
        self._folder, self._nodes, self._kind = folder, sorted(nodes), kind
        self._seen, self.places = _stamp(folder), of(folder)
        self.where = self._addresses()

    def _addresses(self) -> set[str]:
        return {address(self._folder, node, self._kind, self.places) for node in self._nodes}

    def moves(self) -> tuple[set[str], set[str]]:
        """The addresses that were left since the last call, and the new ones."""
        if self.places is None or (now := _stamp(self._folder)) in (None, self._seen):
            return set(), set()
        before, self._seen, self.places = self.where, now, of(self._folder)
        self.where = self._addresses()
        return before - self.where, self.where - before


def _stamp(folder: Path) -> tuple[int, int] | None:
    try:
        found = (folder / FILE).stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def is_here(node: str, places: Places | None) -> bool:
    """Whether a node runs on this machine."""
    return places is None or node not in places.nodes or places.nodes[node].host == places.host


def address(folder: Path, node: str, kind: str, places: Places | None) -> str:
    """Where to hear a node's publisher, `links` or `tap`. Raises as sockets.address does."""
    if places is None or is_here(node, places):
        return sockets.address(folder, node, kind)
    return places.nodes[node].tap if kind == "tap" else places.nodes[node].links


def gate(context: sockets.Context, places: Places | None) -> Gate | None:
    """The gate of a node's process, for those who have the run's key."""
    if places is None:
        return None
    return Gate(context, places.key, lambda key: "of this run" if key == places.key.public else "")


def bound(folder: Path, node: str, kind: str, places: Places | None) -> list[str]:
    """Where a node binds a publisher: in the folder, and for other machines at its tcp address."""
    place = places.nodes.get(node) if places else None
    return [sockets.address(folder, node, kind), *([place.tap if kind == "tap" else place.links] if place else [])]
