"""`tutelage plot`: what it groups, averages and draws."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.parts.run_cli import cli, fresh
from tutelage.graph import Graph
from tutelage.input.problems import Refusal
from tutelage.nodes.screens.averaging import Curve, averaged, curves
from tutelage.nodes.screens.braille import chart


def run(folder: Path, seed: int, returns: list[float], **arguments: object) -> Path:
    """The folder of a run that has measured these returns, one every ten steps."""
    folder.mkdir()
    graph = Graph("gail", [], {"env": "CartPole-v1", "seed": seed, "lag": 1} | arguments)
    (folder / "graph.json").write_text(graph.to_json())
    rows = [{"time/total_timesteps": 10 * (i + 1), "rollout/ep_rew_mean": one} for i, one in enumerate(returns)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_runs_that_differ_in_the_seed_alone_are_one_curve(tmp_path: Path) -> None:
    runs = [run(tmp_path / "a", 0, [1, 2, 3]), run(tmp_path / "b", 1, [3, 4, 5]), run(tmp_path / "c", 0, [9], lag=0)]
    metric, (one, other) = curves([*runs, runs[0]], None)
    assert metric == "rollout/ep_rew_mean"
    assert (one.label, one.seeds) == ("gail CartPole-v1 lag:=1", 2)
    assert (one.steps.tolist(), one.mean.tolist()) == ([10, 20, 30], [2, 3, 4])
    assert (other.label, other.seeds, other.mean.tolist()) == ("gail CartPole-v1 lag:=0", 1, [9])


def test_the_mean_is_of_the_steps_that_all_have_and_the_interval_is_of_the_mean() -> None:
    measured = [np.array([[0, 0], [40, 40]]), np.array([[10, 0], [30, 0], [60, 0]])]
    curve = averaged("both", measured)
    assert (curve.steps.tolist(), curve.mean.tolist()) == ([10, 30, 40], [5, 15, 20])
    many = averaged("many", [np.array([[0, value]]) for value in np.random.default_rng(3).normal(size=400)])
    assert many.high[0] - many.low[0] == pytest.approx(2 * 1.96 / 20, rel=0.1)
    with pytest.raises(Refusal, match="no steps in common"):
        averaged("none", [np.array([[0, 0], [10, 0]]), np.array([[20, 0]])])


def test_a_chart_in_the_terminal_rises_as_its_curve_does() -> None:
    steps = np.array([0.0, 100.0])
    up, down = (Curve(name, 1, steps, ends, ends, ends) for name, ends in [("up", steps), ("down", steps[::-1])])
    lines = chart("return", [up, down], width=24).splitlines()
    assert lines[0] == "return" and lines[2] == "up: 100 after 100 steps" and lines[12] == "down: 0 after 100 steps"
    assert (lines[3], lines[10]) == ("       100           ⢀⡞", "         0 ⣠⠏")
    assert (lines[13], lines[20]) == ("       100 ⠙⣆", "         0           ⠈⢧")
    assert lines[21] == "           0  100 steps"


def test_a_level_curve_is_drawn_in_the_middle() -> None:
    level = np.array([7.0, 7.0])
    assert "⠉" in chart("return", [Curve("level", 1, np.array([0.0, 1.0]), level, level, level)], 30)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "begins"), [("curves.svg", b"<?xml"), ("curves.png", b"\x89PNG")])
def test_a_picture_is_written(tmp_path: Path, name: str, begins: bytes) -> None:
    pytest.importorskip("matplotlib")
    runs = [run(tmp_path / "a", 0, [1, 2, 3]), run(tmp_path / "b", 1, [3, 4, 5])]
    done = cli("plot", *runs, "--output", tmp_path / name)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / name).read_bytes().startswith(begins)


WITHOUT = "import sys; sys.modules['matplotlib'] = None; sys.argv[0] = 'tutelage'; import cli; cli.main()"


def test_what_cannot_be_drawn_is_said_in_one_sentence(tmp_path: Path) -> None:
    one = run(tmp_path / "a", 0, [1, 2])
    (tmp_path / "empty").mkdir()
    for words, said in [
        ((one, "--metric", "rollout/ep_rew"), "did you mean 'rollout/ep_rew_mean'?"),
        ((tmp_path / "empty",), "nothing was learned in these folders: name those of runs that learned"),
        ((one, "--output", tmp_path / "curves.txt"), "end the file's name in one of .svg, .png, .pdf"),
    ]:
        done = cli("plot", *words)
        assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr, done.stderr
    rows = (one / "metrics.jsonl").read_text().splitlines()
    (one / "metrics.jsonl").write_text(f'{rows[0]}\n{{"time\n{rows[1]}\n')
    done = cli("plot", one)
    assert "metrics.jsonl: this file is damaged: 1 of its lines are left out" in done.stderr
    assert "gail CartPole-v1: 2 after 20 steps" in done.stdout
    done = cli("plot", tmp_path / "empty", one)
    assert "empty: is left out, since nothing was learned there" in done.stderr and done.returncode == 0


def test_the_terminal_needs_no_extra_and_a_file_names_it(tmp_path: Path) -> None:
    one = run(tmp_path / "a", 0, [1, 2])
    drawn = fresh("plot", one)
    assert drawn.returncode == 0 and "gail CartPole-v1: 2 after 20 steps" in drawn.stdout, drawn.stderr
    words = [sys.executable, "-c", WITHOUT, "plot", str(one), "--output", str(tmp_path / "a.svg")]
    done = subprocess.run(words, capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=60)
    assert done.returncode == 2 and "pip install -c constraints.txt -e '.[plot]'" in done.stderr, done.stderr
