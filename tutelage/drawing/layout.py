"""Lays out a graph: layers from left to right, along the data's way, and a lane for each namespace.

An arrow that passes a layer takes a place among the boxes there, so that it crosses none. Arrows that go back to an
earlier layer, to close a ring, are left to the picture. (Sugiyama, Tagawa and Toda 1981: the layers, then the order in
them by the means of neighbours, then the places.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

ASIDE = 0.1
"""The weight of a connection to an item aside; others weigh 1."""

SWEEPS = 12
"""How often all layers are placed, in turn forwards and backwards. Small graphs need fewer."""


@dataclass
class Item:
    """An item of a layer: a box, or an arrow that passes.

    `y` is its middle, measured from its lane's top. `before` and `after` are the items that it is connected to in the
    neighbouring layers; if either end is `aside`, the connection has little influence on their places.
    """

    name: str
    layer: int
    lane: int
    height: float
    y: float = 0.0
    before: list[Item] = field(default_factory=list)
    after: list[Item] = field(default_factory=list)
    aside: bool = False


def layers(names: Sequence[str], arrows: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The layer of each node: after all nodes that it hears, except for as few arrows as possible, which go back."""
    known = list(dict.fromkeys(arrows))
    order = _least_back(names, known)
    forward = [(a, b) for a, b in known if order.index(a) < order.index(b)]
    layer = dict.fromkeys(names, 0)
    for name in order:
        layer[name] = max((layer[a] + 1 for a, b in forward if b == name), default=0)
    for name in order:  # a source stands just before its first listener
        heard = [layer[b] for a, b in forward if a == name]
        if heard and not any(b == name for _, b in known):
            layer[name] = min(heard) - 1
    return layer


def _least_back(names: Sequence[str], arrows: list[tuple[str, str]]) -> list[str]:
    """An order in which few arrows go back: sources first; each node moves to its best place, until none improves."""

    def back(order: list[str]) -> int:
        place = {name: i for i, name in enumerate(order)}
        return sum(place[a] > place[b] for a, b in arrows)

    heard = {b for _, b in arrows}
    best = sorted(names, key=lambda name: name in heard)
    improved = True
    while improved:
        improved = False
        for name in names:
            rest = [other for other in best if other != name]
            moved = min(([*rest[:i], name, *rest[i:]] for i in range(len(best))), key=back)
            if back(moved) < back(best):
                best, improved = moved, True
    return best


def join(arrows: Iterable[tuple[Item, Item]]) -> None:
    """Connects items of neighbouring layers, the earlier one first."""
    for one, other in arrows:
        one.after.append(other)
        other.before.append(one)


def place(items: Sequence[Item], gap: float) -> dict[int, float]:
    """Sets every item's `y`, at least `gap` apart; returns the height of each lane."""
    rows: dict[tuple[int, int], list[Item]] = {}
    for item in items:
        rows.setdefault((item.layer, item.lane), []).append(item)
    for sweep in range(SWEEPS):
        for key in sorted(rows, reverse=sweep % 2 == 1):
            if sweep < SWEEPS // 2:
                rows[key].sort(key=_wanted)
            _settle(rows[key], gap)
    return _to_the_top(rows)


def _wanted(item: Item) -> float:
    """The `y` at which an item has the straightest arrows: the mean of its connections in its lane."""
    near = [
        (other.y, ASIDE if item.aside or other.aside else 1.0)
        for other in (*item.before, *item.after)
        if other.lane == item.lane
    ]
    return sum(y * weight for y, weight in near) / sum(weight for _, weight in near) if near else item.y


def _settle(row: list[Item], gap: float) -> None:
    """Puts a row's items as near as possible to the places they want, in their order and apart from each other.

    Least squares in one pass: neighbours that would overlap become a block at the mean of their places.
    """
    offsets = [0.0]
    for above, below in pairwise(row):
        offsets.append(offsets[-1] + (above.height + below.height) / 2 + gap)
    blocks: list[tuple[float, int]] = []  # mean place, less the offsets; number of items
    for item, offset in zip(row, offsets, strict=True):
        block = (_wanted(item) - offset, 1)
        while blocks and blocks[-1][0] > block[0]:
            mean, count = blocks.pop()
            block = ((mean * count + block[0] * block[1]) / (count + block[1]), count + block[1])
        blocks.append(block)
    starts = [mean for mean, count in blocks for _ in range(count)]
    for item, offset, start in zip(row, offsets, starts, strict=True):
        item.y = start + offset


def _to_the_top(rows: Mapping[tuple[int, int], list[Item]]) -> dict[int, float]:
    """Moves each lane's items to the lane's top; returns the lanes' heights."""
    lanes: dict[int, list[Item]] = {}
    for (_, lane), row in rows.items():
        lanes.setdefault(lane, []).extend(row)
    heights = {}
    for lane, members in lanes.items():
        top = min(item.y - item.height / 2 for item in members)
        for item in members:
            item.y -= top
        heights[lane] = max(item.y + item.height / 2 for item in members)
    return heights
