"""A graph as an SVG picture: each node is a box, with its subscriptions on the left and its topics on the right."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from tutelage.drawing.boxes import PAD, Arrow, Box, Frame
from tutelage.drawing.diagram import GUTTER, MARGIN, Diagram
from tutelage.graph import Graph

CORNER = 10
"""Radius of the corners of an arrow that goes back."""

COLOURS = ("#3f7fd1", "#d08030", "#2f9a74", "#8763c4", "#c6526e", "#4797ad", "#70757d", "#8f8330", "#a0607f", "#5b6fa8")

STYLE = """
text { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; fill: #2b3038 }
.name { font-weight: 600; font-size: 15px }
.kind { font-size: 12px; fill: #7b838e }
.space { font-weight: 600; fill: #7b838e }
.title { font-weight: 600; font-size: 19px }
.ground { fill: #fcfcfd }
.box { fill: #fff; stroke: #c3c9d1 }
.program { stroke-dasharray: 5 3 }
.rule { stroke: #e8ebef }
.frame { fill: #5a6b80; fill-opacity: .06; stroke: #d5dbe2 }
.arrow { fill: none; stroke-width: 1.8; stroke-linecap: round }
.aside { opacity: .45 }
.aside .arrow { stroke-width: 1.4 }
"""


def svg(graph: Graph, style: str = STYLE) -> str:
    """The whole diagram. A page that has rules of its own for it gives an empty `style`."""
    diagram = Diagram(graph)
    width, height, name = round(diagram.width), round(diagram.height), escape(graph.name)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'role="img">',
        f"<title>{name}: the nodes and their topics</title>",
        *([f"<style>{style}</style>"] if style else []),
        '<rect class="ground" width="100%" height="100%"/>',
        _text("title", MARGIN, MARGIN + 12, graph.name),
        *(line for frame in diagram.frames for line in _frame(frame)),
        *(line for arrow in diagram.arrows for line in _arrow(diagram, arrow)),
        *(line for box in diagram.boxes.values() for line in _box(diagram, box)),
        "</svg>\n",
    ]
    return "\n".join(lines)


def _frame(frame: Frame) -> Iterator[str]:
    yield _rectangle("frame", frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top)
    yield _text("space", frame.left + PAD, frame.top + 20, frame.name)


def _rectangle(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="8"/>'


def _text(kind: str, x: float, y: float, words: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _box(diagram: Diagram, box: Box) -> Iterator[str]:
    colours = {arrow.topic: COLOURS[arrow.colour % len(COLOURS)] for arrow in diagram.arrows}
    plan, left = box.plan, box.x + PAD
    yield f'<g data-node="{escape(plan.name)}">'
    yield f"<title>{escape(plan.name)}: {escape(plan.run or ' '.join(plan.command))}</title>"
    yield _rectangle("box program" if plan.command else "box", box.x, box.y, box.width, box.height)
    yield _text("name", left, box.y + 22, box.name)
    yield _text("kind", left, box.y + 39, box.kind)
    if box.hears or box.says:
        yield f'<path class="rule" d="M{box.x + 1:.1f} {box.y + box.head - 2:.1f}h{box.width - 2:.1f}"/>'
    for topic in box.hears:
        yield _text("", left, box.input_port(topic)[1] + 4.5, box.label(topic))
    for topic in box.says:
        x, y = box.output_port(topic)
        yield _text("", x - PAD, y + 4.5, box.label(topic), "end")
        yield f'<circle data-topic="{escape(topic)}" cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colours[topic]}"/>'
    yield "</g>"


def _arrow(diagram: Diagram, arrow: Arrow) -> Iterator[str]:
    """The lines and heads of an arrow; lighter where they lead to nodes that publish nothing."""
    colour = COLOURS[arrow.colour % len(COLOURS)]
    for kind, boxes in (
        ("", [b for b in arrow.listeners if b.says]),
        ("aside", [b for b in arrow.listeners if not b.says]),
    ):
        if boxes:
            yield f'<g class="{kind}" fill="{colour}" stroke="{colour}">'
            yield from (_line(diagram, arrow, box) for box in boxes)
            yield "</g>"


def _line(diagram: Diagram, arrow: Arrow, box: Box) -> str:
    path = _ahead(diagram, arrow, box) if box in arrow.ahead else _back(diagram, arrow, box)
    x, y = box.input_port(arrow.topic)
    return f'<path class="arrow" d="{path}"/><path stroke="none" d="M{x:.1f} {y:.1f}l-8 -4.5v9z"/>'


def _ahead(diagram: Diagram, arrow: Arrow, box: Box) -> str:
    """A curve from port to port, level in each layer that it passes."""
    x, y = arrow.sender.output_port(arrow.topic)
    path = f"M{x:.1f} {y:.1f}"
    for item in arrow.passing[: box.item.layer - arrow.sender.item.layer - 1]:
        level = diagram.top[item.lane] + item.y
        path += _curve(x, y, diagram.left[item.layer], level) + f"H{diagram.right[item.layer]:.1f}"
        x, y = diagram.right[item.layer], level
    end, height = box.input_port(arrow.topic)
    return path + _curve(x, y, end - 8, height) + "h2"


def _curve(x: float, y: float, to_x: float, to_y: float) -> str:
    bend = (to_x - x) / 2
    return f"C{x + bend:.1f} {y:.1f} {to_x - bend:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"


def _back(diagram: Diagram, arrow: Arrow, box: Box) -> str:
    """A path out to the right, down below the boxes, and back to the left, which closes a ring."""
    x, y = arrow.sender.output_port(arrow.topic)
    end, height = box.input_port(arrow.topic)
    floor, c = arrow.detour, CORNER
    lanes = [other for other in diagram.arrows if other.back]
    out = x + GUTTER / 6 + 5 * lanes.index(arrow)
    into = end - GUTTER / 6 - 6 - 5 * lanes.index(arrow)
    return (
        f"M{x:.1f} {y:.1f}H{out - c:.1f}q{c} 0 {c} {c}V{floor - c:.1f}q0 {c} -{c} {c}"
        f"H{into + c:.1f}q-{c} 0 -{c} -{c}V{height + c:.1f}q0 -{c} {c} -{c}H{end - 6:.1f}"
    )
