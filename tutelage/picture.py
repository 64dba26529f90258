"""A graph as an SVG picture: each node a box with what it hears on its left and what it says on its right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

from tutelage import layout
from tutelage.graph import Graph, NodePlan
from tutelage.layout import Item

ROW, HEAD, PAD = 20, 46, 12
"""Height of a port's row, of a box's head; room around text. All lengths are SVG pixels."""

GUTTER, GAP, MARGIN = 96, 22, 36
"""Between two layers, between two boxes of one layer, around all."""

CORNER, LANE_STEP = 10, 14
"""Radius of an arrow's corner; distance of arrows that go back side by side."""

FRAME_TOP, FRAME_PAD = 34, 18

COLOURS = ("#3b7dd8", "#d9822b", "#2f9e77", "#8a63c9", "#c8506b", "#4a9db5", "#97892b", "#7a7f87")

STYLE = """
text { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; fill: #2a2f36 }
.name { font-weight: 600; font-size: 15px }
.kind, .frame { font-size: 12px; fill: #79818c }
.title { font-weight: 600; font-size: 18px }
.box { fill: #ffffff; stroke: #c5cbd3 }
.rule { stroke: #e6e9ed }
.namespace { fill: #f3f5f8; stroke: #dde2e8 }
.wire { fill: none; stroke-width: 1.8 }
.aside { stroke-width: 1.2; opacity: 0.45 }
"""


@dataclass
class Box:
    """A node as drawn: its ports, its size, its place (left and top)."""

    plan: NodePlan
    hears: list[str]
    says: list[str]
    item: Item = field(init=False)
    x: float = 0.0
    y: float = 0.0

    @property
    def space(self) -> str:
        return self.plan.name.rpartition("/")[0]

    def label(self, topic: str) -> str:
        """A topic as seen from this node's namespace."""
        inside = self.space and topic.startswith(f"{self.space}/")
        return topic[len(self.space) + 1 :] if inside else topic

    @property
    def kind(self) -> str:
        return self.plan.run.rpartition(":")[2] or " ".join(self.plan.command)

    @property
    def width(self) -> float:
        rows = max((_wide(self.label(t)) for t in self.hears), default=0) + max(
            (_wide(self.label(t)) for t in self.says), default=0
        )
        name = self.plan.name.rpartition("/")[2]
        return max(rows + 3 * PAD, _wide(name) * 15 / 13 + 2 * PAD, _wide(self.kind) * 12 / 13 + 2 * PAD, 112)

    @property
    def height(self) -> float:
        return HEAD + ROW * max(len(self.hears), len(self.says)) + (PAD / 2 if self.hears or self.says else 0)

    def port(self, topic: str, says: bool) -> float:
        """The height of a port."""
        return self.y + HEAD + ROW * ((self.says if says else self.hears).index(topic) + 0.5)


def _wide(text: str) -> float:
    """About how wide a text of 13 pixels is, on the safe side."""
    return 7.3 * len(text)


@dataclass
class Wire:
    """All arrows of one topic of one sender. `passing` are its places in the layers between, `back` go back."""

    sender: Box
    topic: str
    colour: str
    ahead: list[Box] = field(default_factory=list)
    back: list[Box] = field(default_factory=list)
    passing: list[Item] = field(default_factory=list)


def svg(graph: Graph) -> str:
    """The whole picture."""
    return Picture(graph).draw()


class Picture:
    """One graph, laid out."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        said = {topic for node in graph.nodes for topic in node.says.values()}
        self.boxes = {
            plan.name: Box(plan, [topic for topic in plan.hears if topic in said], list(plan.says.values()))
            for plan in graph.nodes
        }
        self.spaces = sorted({box.space for box in self.boxes.values()})
        self.wires = self._wires()
        self._place()

    def _wires(self) -> list[Wire]:
        heard = [(s, l.name, topic) for l in self.graph.nodes for topic, senders in l.hears.items() for s in senders]
        layer = layout.layers(list(self.boxes), [(s, l) for s, l, topic in heard if topic in self.boxes[s].says])
        for name, box in self.boxes.items():
            box.item = Item(name, layer[name], self.spaces.index(box.space), box.height)
        colours: dict[str, str] = {}
        wires = []
        for box in self.boxes.values():
            for topic in box.says:
                own = topic.rpartition("/")[2]
                wire = Wire(box, topic, colours.setdefault(own, COLOURS[len(colours) % len(COLOURS)]))
                for listener in (self.boxes[l] for s, l, t in heard if (s, t) == (box.plan.name, topic)):
                    (wire.ahead if layer[listener.plan.name] > box.item.layer else wire.back).append(listener)
                wires.append(wire)
        return wires

    def _place(self) -> None:
        for wire in self.wires:
            self._pass(wire)
        items = [box.item for box in self.boxes.values()] + [item for wire in self.wires for item in wire.passing]
        heights = layout.place(items, GAP)
        self._columns()
        self._lanes(heights)
        for box in self.boxes.values():
            box.x = self.left[box.item.layer]
            box.y = self.top[box.item.lane] + box.item.y - box.height / 2

    @staticmethod
    def _pass(wire: Wire) -> None:
        """Gives an arrow its places in the layers it passes, and makes neighbours of them and of the boxes."""
        sender = wire.sender.item
        last = max((box.item.layer for box in wire.ahead), default=0)
        wire.passing = [Item(wire.topic, i, sender.lane, 2.0) for i in range(sender.layer + 1, last)]
        chain = [sender, *wire.passing]
        layout.join(pairwise(chain))
        layout.join((chain[box.item.layer - sender.layer - 1], box.item) for box in wire.ahead)

    def _columns(self) -> None:
        """The left and right edge of each layer."""
        self.left: dict[int, float] = {}
        self.right: dict[int, float] = {}
        depth = max(space.count("/") + 1 if space else 0 for space in self.spaces)
        x = MARGIN + depth * FRAME_PAD + (GUTTER / 2 if any(wire.back for wire in self.wires) else 0)
        for layer in sorted({box.item.layer for box in self.boxes.values()}):
            width = max(box.width for box in self.boxes.values() if box.item.layer == layer)
            self.left[layer], self.right[layer] = x, x + width
            x += width + GUTTER
        self.width = x - GUTTER / 2 + MARGIN + depth * FRAME_PAD

    def _lanes(self, heights: dict[int, float]) -> None:
        """The top of each lane; beneath its boxes there is room for its arrows that go back, around it for frames."""
        self.top: dict[int, float] = {}
        self.floor: dict[int, float] = {}
        y = float(MARGIN + 34)
        for lane, space in enumerate(self.spaces):
            opened = space.count("/") + 1 if space else 0
            self.top[lane] = y + FRAME_TOP * opened
            self.floor[lane] = self.top[lane] + heights[lane] + GAP
            backs = sum(bool(wire.back) for wire in self.wires if wire.sender.item.lane == lane)
            y = self.floor[lane] + LANE_STEP * backs + FRAME_PAD * (opened + 1)
        self.height = y - FRAME_PAD + MARGIN / 2

    def draw(self) -> str:
        parts = [*self._frames(), *self._arrows(), *(part for box in self.boxes.values() for part in _box(box))]
        title = f'<text class="title" x="{MARGIN}" y="{MARGIN + 8}">{escape(self.graph.name)}</text>'
        size = f'width="{self.width:.0f}" height="{self.height:.0f}" viewBox="0 0 {self.width:.0f} {self.height:.0f}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
                f"<title>{escape(self.graph.name)}: who says what to whom</title>",
                f"<style>{STYLE}</style>",
                f"<defs>{''.join(map(_head, COLOURS))}</defs>",
                '<rect width="100%" height="100%" fill="#fcfcfd"/>',
                title,
                *parts,
                "</svg>\n",
            ]
        )
