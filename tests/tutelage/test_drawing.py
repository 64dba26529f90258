"""Graphs drawn: the layers, the places in them, and the picture's lines."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.parts.run_cli import cli
from tutelage import launcher as launching
from tutelage.drawing import layout, svg
from tutelage.drawing.boxes import Box
from tutelage.drawing.diagram import Diagram
from tutelage.drawing.layout import Item
from tutelage.graph import Graph, NodePlan

NAMESPACES = """
groups:
  - namespace: train
    include: [{file: gail.yaml}]
  - namespace: human
    nodes:
      simulator: {run: "nodes.simulator:Simulator", parameters: {env: CartPole-v1, environments: 1}}
      policy: {run: "nodes.policy:Policy", remap: {weights: /train/weights}}
  - namespace: human/inner
    nodes:
      report: {run: "nodes.report:Report", remap: {metrics: /train/metrics, weights: /train/weights}}
nodes:
  clock: {run: [date, +%s]}
"""

RING = [
    ("simulator", "policy"),
    ("policy", "simulator"),
    ("simulator", "judge"),
    ("judge", "learner"),
    ("learner", "policy"),
]


def gail() -> Diagram:
    return Diagram(launching.graph("gail.yaml", ()))


@pytest.fixture
def namespaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Graph:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.yaml").write_text(NAMESPACES)
    return launching.graph("two.yaml", ())


def test_a_ring_is_opened_where_the_fewest_arrows_go_back() -> None:
    layer = layout.layers(["policy", "simulator", "learner", "judge"], RING)
    assert layer == {"simulator": 0, "judge": 1, "learner": 2, "policy": 3}


def test_a_source_stands_just_before_its_listener() -> None:
    chain = [("a", "b"), ("b", "c"), ("late", "c")]
    assert layout.layers(["late", "a", "b", "c"], chain) == {"a": 0, "b": 1, "late": 1, "c": 2}


def test_arrows_are_uncrossed() -> None:
    a, b, c, d = (Item(name, layer, 0, 10) for name, layer in [("a", 0), ("b", 0), ("c", 1), ("d", 1)])
    layout.join([(a, d), (b, c)])
    assert layout.place([a, b, c, d], 5) == {0: 25}
    assert (a.y < b.y) == (d.y < c.y)
    assert abs(a.y - b.y) == abs(c.y - d.y) == 15


def test_boxes_do_not_overlap(namespaces: Graph) -> None:
    for diagram in (gail(), Diagram(namespaces)):
        boxes = list(diagram.boxes.values())
        assert [(a.name, b.name) for i, a in enumerate(boxes) for b in boxes[:i] if overlap(a, b)] == []


def overlap(a: Box, b: Box) -> bool:
    apart = a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
    return not apart


def test_no_arrow_passes_through_a_box() -> None:
    diagram = gail()
    for arrow in diagram.arrows:
        for item in arrow.passing:
            height = diagram.top[item.lane] + item.y
            column = [box for box in diagram.boxes.values() if box.item.layer == item.layer]
            assert not [box.name for box in column if box.y - 2 < height < box.y + box.height + 2], arrow.topic
        assert all(arrow.detour > box.y + box.height for box in diagram.boxes.values()) or not arrow.back


def test_the_ring_of_gail_closes_with_the_action_alone() -> None:
    assert [arrow.topic for arrow in gail().arrows if arrow.back] == ["action"]


def test_frames_hold_their_nodes_and_no_others(namespaces: Graph) -> None:
    diagram = Diagram(namespaces)
    assert {frame.name for frame in diagram.frames} == {"train", "human", "human/inner"}
    for frame in diagram.frames:
        for name, box in diagram.boxes.items():
            across = frame.left < box.x and box.x + box.width < frame.right
            inside = across and frame.top < box.y and box.y + box.height < frame.bottom
            assert inside == name.startswith(f"{frame.name}/"), (frame.name, name)


def test_a_topic_has_its_name_in_the_namespace(namespaces: Graph) -> None:
    policy = Diagram(namespaces).boxes["human/policy"]
    assert [policy.label(topic) for topic in policy.hears] == ["observation", "train/weights"]


def test_every_arrow_is_drawn_from_mouth_to_ear() -> None:
    root = ElementTree.fromstring(svg.svg(launching.graph("gail.yaml", ())))
    drawn = [path.get("d", "") for path in root.iter() if "arrow" in path.get("class", "")]
    diagram = gail()
    wanted = [
        (arrow.sender.output_port(arrow.topic), box.input_port(arrow.topic))
        for arrow in diagram.arrows
        for box in arrow.listeners
    ]
    assert len(drawn) == len(wanted) > 10
    for mouth, ear in wanted:
        assert [d for d in drawn if d.startswith(f"M{mouth[0]:.1f} {mouth[1]:.1f}") and _ends(d, *ear)], (mouth, ear)


def _ends(path: str, x: float, y: float) -> bool:
    """Whether a path ends at a port: by a curve ahead, or behind the last corner of one that goes back."""
    return path.endswith(f"{x - 8:.1f} {y:.1f}h2") or path.endswith(f"V{y + 10:.1f}q0 -10 10 -10H{x - 6:.1f}")


def test_names_are_escaped() -> None:
    text = svg.svg(Graph("<a&b>", [NodePlan("<i>", command=["say", '"<>&'])]))
    words = [element.text for element in ElementTree.fromstring(text).iter() if element.text and "<" in element.text]
    assert "<a&b>" in words and "<i>" in words


def test_the_command_writes_the_picture(tmp_path: Path) -> None:
    done = cli("graph", "gail.yaml", "--svg", "gail.svg", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert ElementTree.parse(tmp_path / "gail.svg").getroot().tag.endswith("svg")
