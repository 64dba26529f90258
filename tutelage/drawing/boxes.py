"""The parts of a graph's picture: boxes with their ports, arrows, frames of namespaces. In SVG pixels."""

from __future__ import annotations

from dataclasses import dataclass, field

from tutelage.drawing.layout import Item
from tutelage.graph import NodePlan

ROW, NAME, KIND, PAD = 20, 34, 16, 14
"""Height of a port's row, of a box's name, and of the class below it; space around text."""

LETTER = 7.3
"""A safe width of a letter of 13 pixels, since no font is measured."""


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
        """The node's class, unless its name equals it; or its program."""
        kind = self.plan.run.rpartition(":")[2] or " ".join(self.plan.command)[:32]
        return "" if kind.lower() == self.name.lower() else kind

    @property
    def head(self) -> float:
        return NAME + (KIND if self.kind else 0)

    @property
    def height(self) -> float:
        rows = max(len(self.hears), len(self.says))
        return self.head + (ROW * rows + PAD / 2 if rows else 0)

    def label(self, topic: str) -> str:
        """A topic's name in this node's namespace."""
        inside = self.space and topic.startswith(f"{self.space}/")
        return topic[len(self.space) + 1 :] if inside else topic

    def least_width(self) -> float:
        heard, said = (max((len(self.label(t)) for t in topics), default=0) for topics in (self.hears, self.says))
        return max(
            LETTER * (heard + said) + 3 * PAD, LETTER * 1.15 * max(len(self.name), len(self.kind)) + 2 * PAD, 120
        )

    def input_port(self, topic: str) -> tuple[float, float]:
        """Where an arrow of this topic ends."""
        return self.x, self.y + self.head + ROW * (self.hears.index(topic) + 0.5)

    def output_port(self, topic: str) -> tuple[float, float]:
        """Where an arrow of this topic begins."""
        return self.x + self.width, self.y + self.head + ROW * (self.says.index(topic) + 0.5)


@dataclass
class Arrow:
    """The messages of one node on one topic: it leads `ahead` to later layers and `back` to earlier ones.

    `passing` are its places in the layers between; `colour` is the number of its message type.
    """

    sender: Box
    topic: str
    colour: int
    ahead: list[Box] = field(default_factory=list)
    back: list[Box] = field(default_factory=list)
    passing: list[Item] = field(default_factory=list)
    detour: float = 0.0
    """height at which it goes back, below the boxes"""

    @property
    def listeners(self) -> list[Box]:
        return self.ahead + self.back


@dataclass
class Frame:
    """The rectangle of a namespace."""

    name: str
    left: float
    top: float
    right: float
    bottom: float
