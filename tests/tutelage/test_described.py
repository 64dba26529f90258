"""The parameters of a run's nodes, in a file for those who only look."""

from __future__ import annotations

from pathlib import Path

import pytest

from tutelage.graph import Graph
from tutelage.input.problems import Refusal
from tutelage.launcher import graph
from tutelage.nodes.screens.web import steer
from tutelage.observers import parameters
from tutelage.supervision import described

NODE = """
import datetime
from tutelage import Node

class Odd(Node):
    def __init__(self, size: int, since: datetime.date = datetime.date(2020, 2, 29), steps: list[int] = [1]) -> None:
        pass
"""


@pytest.fixture
def made(tmp_path: Path) -> Graph:
    """A graph of a node with a default that JSON does not know."""
    (tmp_path / "odd.py").write_text(NODE)
    (tmp_path / "a.yaml").write_text("nodes: {odd: {run: 'odd.py:Odd', parameters: {size: 3}}}")
    return graph(str(tmp_path / "a.yaml"), [])


def test_a_default_that_json_does_not_know_is_a_text(tmp_path: Path, made: Graph) -> None:
    described.write(made, tmp_path)
    rows = [(one.parameter, one.value, one.meaning) for one in parameters.rows_of(tmp_path, made)]
    assert rows == [
        ("size", 3, "<class 'int'>"),
        ("since", "2020-02-29", "<class 'datetime.date'>"),
        ("steps", [1], "list[int]"),
    ]


@pytest.mark.parametrize("content", [None, '{"odd": {"place": ""}}'])
def test_a_run_of_another_version_is_refused_in_a_sentence(tmp_path: Path, made: Graph, content: str | None) -> None:
    if content:
        (tmp_path / described.FILE).write_text(content)
    with pytest.raises(Refusal, match=r"parameters\.json: another version began this run and wrote no such file: "):
        parameters.rows_of(tmp_path, made)


def test_the_page_of_a_run_without_the_file_offers_no_settings(tmp_path: Path) -> None:
    made = graph("ppo.yaml", ["steering:=true"])
    assert steer.settings(tmp_path, made) == []
    described.write(made, tmp_path)
    assert {row["node"] for row in steer.settings(tmp_path, made)} == {"learner"}
