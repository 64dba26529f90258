"""Where everything is in the picture of a graph: boxes with their ports, arrows, frames of namespaces. In SVG pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import mean

from tutelage import layout
from tutelage.graph import Graph, NodePlan
from tutelage.layout import Item

ROW, HEAD, PAD = 20, 48, 14
"""Height of a port's row and of a box's head; room around text."""

GUTTER, GAP, MARGIN = 92, 24, 32
"""Between two layers, between two boxes of one layer, around all."""

LANE_STEP = 14
"""Distance of arrows that go back side by side."""

FRAME_TOP, FRAME_PAD = 30, 20

TITLE = 40

LETTER = 7.3
"""About how wide a letter of 13 pixels is, on the safe side: no font is asked."""


@dataclass
class Box:
    """A node as drawn. `x` and `y` are its left and top, `width` is that of all boxes of its layer."""

    plan: NodePlan
    hears: list[str]
    says: list[str]
    item: Item = field(init=False)
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0

    @property
    def space(self) -> str:
        return self.plan.name.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.plan.name.rpartition("/")[2]

    @property
    def kind(self) -> str:
        return self.plan.run.rpartition(":")[2] or " ".join(self.plan.command)[:32]

    @property
    def height(self) -> float:
        rows = max(len(self.hears), len(self.says))
        return HEAD + (ROW * rows + PAD / 2 if rows else 0)

    def label(self, topic: str) -> str:
        """A topic as it is called in this node's namespace."""
        inside = self.space and topic.startswith(f"{self.space}/")
        return topic[len(self.space) + 1 :] if inside else topic

    def least_width(self) -> float:
        heard, said = (max((len(self.label(t)) for t in topics), default=0) for topics in (self.hears, self.says))
        return max(LETTER * (heard + said) + 3 * PAD, LETTER * 1.15 * max(len(self.name), len(self.kind)) + 2 * PAD, 120)

    def ear(self, topic: str) -> tuple[float, float]:
        """Where an arrow of this topic ends."""
        return self.x, self.y + HEAD + ROW * (self.hears.index(topic) + 0.5)

    def mouth(self, topic: str) -> tuple[float, float]:
        """Where an arrow of this topic begins."""
        return self.x + self.width, self.y + HEAD + ROW * (self.says.index(topic) + 0.5)


@dataclass
class Arrow:
    """What one node says on one topic: it leads `ahead` to later layers and `back` to earlier ones.

    `passing` are its places in the layers between; `colour` counts the topics of the graph.
    """

    sender: Box
    topic: str
    colour: int
    ahead: list[Box] = field(default_factory=list)
    back: list[Box] = field(default_factory=list)
    passing: list[Item] = field(default_factory=list)
    detour: float = 0.0
    """height at which it goes back, beneath the boxes"""


@dataclass
class Frame:
    """A namespace: left, top, width, height."""

    name: str
    x: float
    y: float
    width: float
    height: float


class Picture:
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
        self.frames = [self._frame(name) for name in self._namespaces()]

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
        """Gives every box its layer, and every arrow its places in the layers that it passes."""
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
        """Puts ports in the order in which their arrows come and go, those that go back last."""
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
        """For comparing items of several lanes."""
        return item.lane * 1e6 + item.y

    def _items(self) -> Iterator[Item]:
        yield from (box.item for box in self.boxes.values())
        for arrow in self.arrows:
            yield from arrow.passing

    def _columns(self) -> None:
        """The edges of each layer, and so the left and width of its boxes."""
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
        """The top of each lane, and so of its boxes; room beneath them for arrows that go back, above them for frames."""
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

    def _namespaces(self) -> list[str]:
        """All namespaces, the outer ones first."""
        parts = [space.split("/") for space in self.spaces if space]
        return sorted({"/".join(words[: i + 1]) for words in parts for i in range(len(words))}, key=_depth)

    def _frame(self, name: str) -> Frame:
        """The frame around all boxes of a namespace, and of those in it."""
        inner = [box for box in self.boxes.values() if f"{box.space}/".startswith(f"{name}/")]
        deeper = max(_depth(box.space) for box in inner) - _depth(name)
        pad = FRAME_PAD * (1 + deeper)
        backs = [a.detour for a in self.arrows if a.back and a.sender in inner]
        side = pad + (GUTTER / 3 if backs else 0)
        left, right = min(box.x for box in inner) - side, max(box.x + box.width for box in inner) + side
        top = min(box.y for box in inner) - FRAME_TOP * (1 + deeper) - 4
        bottom = max([box.y + box.height for box in inner] + backs) + pad
        return Frame(name, left, top, right - left, bottom - top)


def _depth(space: str) -> int:
    return space.count("/") + 1 if space else 0


def _common(one: str, other: str) -> str:
    """The namespace that both are in."""
    words = []
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if a != b:
            break
        words.append(a)
    return "/".join(words)
