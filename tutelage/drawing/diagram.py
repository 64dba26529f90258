"""The places of all parts of a graph's picture. In SVG pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from statistics import mean

from tutelage.drawing import layout
from tutelage.drawing.boxes import Arrow, Box, Frame
from tutelage.drawing.layout import Item
from tutelage.graph import Graph

GUTTER, GAP, MARGIN = 92, 24, 32
"""Space between two layers, between two boxes of a layer, and around the picture."""

LANE_STEP = 14
"""Distance between arrows that go back."""

FRAME_TOP, FRAME_PAD = 30, 20

TITLE = 40


class Diagram:
    """A graph laid out: `boxes`, `arrows`, `frames`; `left`, `right` edges of the layers; the `top` of each lane."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        said = {topic for plan in graph.nodes for topic in plan.says.values()}
        self.boxes = {
            plan.name: Box(plan, [topic for topic in plan.hears if topic in said], list(plan.says.values()))
            for plan in graph.nodes
        }
        self.spaces = sorted({box.space for box in self.boxes.values()})
        self.arrows = [Arrow(box, topic, 0) for box in self.boxes.values() for topic in box.says]
        self._colour()
        self._layer()
        heights = layout.place(list(self._items()), GAP)
        self._sort_ports()
        self._columns()
        self._lanes(heights)
        self.frames = self._frames()

    def _colour(self) -> None:
        """One colour for each message type, in all namespaces."""
        types = list(dict.fromkeys(own for plan in self.graph.nodes for own in plan.says))
        for arrow in self.arrows:
            own = {topic: own for own, topic in arrow.sender.plan.says.items()}[arrow.topic]
            arrow.colour = types.index(own)

    def _listeners(self, arrow: Arrow) -> list[Box]:
        sender = arrow.sender.plan.name
        return [box for box in self.boxes.values() if sender in box.plan.hears.get(arrow.topic, ())]

    def _layer(self) -> None:
        """Sets every box's layer, and every arrow's places in the layers that it passes."""
        pairs = [(a.sender.plan.name, box.plan.name) for a in self.arrows for box in self._listeners(a)]
        layer = layout.layers(list(self.boxes), pairs)
        for name, box in self.boxes.items():
            box.item = Item(name, layer[name], self.spaces.index(box.space), box.height, aside=not box.says)
        for arrow in self.arrows:
            start = arrow.sender.item
            for box in self._listeners(arrow):
                (arrow.ahead if box.item.layer > start.layer else arrow.back).append(box)
            last = max((box.item.layer for box in arrow.ahead), default=0)
            aside = not any(box.says for box in arrow.ahead)
            arrow.passing = [Item(arrow.topic, i, start.lane, 2.0, aside=aside) for i in range(start.layer + 1, last)]
            chain = [start, *arrow.passing]
            layout.join(pairwise(chain))
            layout.join((chain[box.item.layer - start.layer - 1], box.item) for box in arrow.ahead)

    def _sort_ports(self) -> None:
        """Sorts ports by the heights of their arrows; those of arrows that go back are last."""
        coming: dict[tuple[str, str], list[float]] = {}
        going: dict[tuple[str, str], float] = {}
        for arrow in self.arrows:
            chain = [arrow.sender.item, *arrow.passing]
            for box in arrow.ahead:
                last = chain[box.item.layer - arrow.sender.item.layer - 1]
                coming.setdefault((box.plan.name, arrow.topic), []).append(self._height(last))
            ends = arrow.passing[:1] or [box.item for box in arrow.ahead]
            going[arrow.sender.plan.name, arrow.topic] = sum(map(self._height, ends)) / len(ends) if ends else math.inf
        for name, box in self.boxes.items():
            box.hears.sort(key=lambda topic: mean(coming.get((name, topic), [math.inf])))
            box.says.sort(key=lambda topic: going[name, topic])

    @staticmethod
    def _height(item: Item) -> float:
        """A height by which items of all lanes can be compared."""
        return item.lane * 1e6 + item.y

    def _items(self) -> Iterator[Item]:
        yield from (box.item for box in self.boxes.values())
        for arrow in self.arrows:
            yield from arrow.passing

    def _columns(self) -> None:
        """Sets the edges of each layer, and the left and width of its boxes."""
        self.left: dict[int, float] = {}
        self.right: dict[int, float] = {}
        depth = max(_depth(space) for space in self.spaces)
        x = MARGIN + depth * FRAME_PAD + (GUTTER / 2 if any(arrow.back for arrow in self.arrows) else 0)
        for layer in sorted({box.item.layer for box in self.boxes.values()}):
            boxes = [box for box in self.boxes.values() if box.item.layer == layer]
            width = max(box.least_width() for box in boxes)
            for box in boxes:
                box.x, box.width = x, width
            self.left[layer], self.right[layer] = x, x + width
            x += width + GUTTER
        self.width = x - GUTTER / 2 + depth * FRAME_PAD + MARGIN / 2

    def _lanes(self, heights: dict[int, float]) -> None:
        """Sets the top of each lane and its boxes, with room below for arrows that go back, and above for frames."""
        self.top: dict[int, float] = {}
        y = float(MARGIN + TITLE)
        before = ""
        for lane, space in enumerate(self.spaces):
            y += FRAME_TOP * (_depth(space) - _depth(_common(space, before)))
            self.top[lane], before = y, space
            y += heights[lane] + GAP
            for arrow in self.arrows:
                if arrow.back and arrow.sender.item.lane == lane:
                    arrow.detour = y
                    y += LANE_STEP
            following = self.spaces[lane + 1] if lane + 1 < len(self.spaces) else ""
            y += FRAME_PAD * (1 + _depth(space) - _depth(_common(space, following)))
        self.height = y + MARGIN / 2
        for box in self.boxes.values():
            box.y = self.top[box.item.lane] + box.item.y - box.height / 2

    def _frames(self) -> list[Frame]:
        """A frame around the boxes of each namespace and its inner frames, the outer ones first."""
        parts = [space.split("/") for space in self.spaces if space]
        names = {"/".join(words[: i + 1]) for words in parts for i in range(len(words))}
        frames: dict[str, Frame] = {}
        for name in sorted(names, key=_depth, reverse=True):
            inside = [frame for other, frame in frames.items() if other.rpartition("/")[0] == name]
            frames[name] = self._frame(name, inside)
        return list(reversed(frames.values()))

    def _frame(self, name: str, inside: list[Frame]) -> Frame:
        boxes = [box for box in self.boxes.values() if box.space == name]
        detours = [arrow.detour for arrow in self.arrows if arrow.back and arrow.sender in boxes]
        side = FRAME_PAD + (GUTTER / 3 if detours else 0)
        left = min([box.x - side for box in boxes] + [frame.left - FRAME_PAD for frame in inside])
        right = max([box.x + box.width + side for box in boxes] + [frame.right + FRAME_PAD for frame in inside])
        top = min([box.y for box in boxes] + [frame.top for frame in inside]) - FRAME_TOP
        bottom = max([box.y + box.height for box in boxes] + [frame.bottom for frame in inside] + detours) + FRAME_PAD
        return Frame(name, left, top, right, bottom)


def _depth(space: str) -> int:
    return space.count("/") + 1 if space else 0


def _common(one: str, other: str) -> str:
    """The innermost namespace that contains both."""
    words = []
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if a != b:
            break
        words.append(a)
    return "/".join(words)
