"""What the page says of a learner that waits, and of a run that has ended."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.parts.run_cli import finished
from tutelage.messages import Metrics
from tutelage.nodes.screens.web.facts import of_progress
from tutelage.nodes.screens.web.watched import Watched
from tutelage.status import Status
from tutelage.teaching.progress import Progress


def learning(progress: Progress, began: float, first: int) -> None:
    """Four reports of steps, half a second apart."""
    for i in range(4):
        values = {"time/total_timesteps": first + 1000.0 * i, "time/budget": 100_000.0}
        progress.hear(Metrics(0, 0, values), began + 0.5 * i)


def figures(progress: Progress, now: float) -> dict[str, tuple[str, str]]:
    return {figure.name: (figure.value, figure.note) for figure in of_progress(progress, now)["figures"]}


def test_no_time_is_left_while_a_learner_waits_and_the_wait_does_not_count_in_its_rate() -> None:
    progress = Progress()
    learning(progress, 10.0, 1000)
    assert figures(progress, 12.0) == {"steps": ("4,000", "of 100,000, 2,000 a second"), "time left": ("0:48", "")}
    assert figures(progress, 40.0) == {"steps": ("4,000", "of 100,000, the learner waits")}
    learning(progress, 40.0, 5000)
    assert figures(progress, 42.0)["steps"] == ("8,000", "of 100,000, 2,000 a second")


def test_a_learner_whose_rollouts_are_long_does_not_wait() -> None:
    progress = Progress()
    for i in range(3):
        progress.hear(Metrics(0, 0, {"time/total_timesteps": 100.0 * i, "time/budget": 1000.0}), 40.0 * i)
    assert not progress.stands_still(80 + 100) and progress.stands_still(80 + 130)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    few = ("gail.yaml", "budget:=2048", "demonstrations_count:=1", "episodes:=1")
    return finished(tmp_path_factory.mktemp("done"), *few).run_dir


def test_of_a_run_that_has_ended_all_nodes_have_and_no_time_is_left(done: Path, tmp_path: Path) -> None:
    shutil.copytree(done, tmp_path / "run", ignore=shutil.ignore_patterns("report.json"))
    watched = Watched(tmp_path / "run", Progress())
    learning(watched.progress, 10.0, 1000)
    watched.hear(Status(0, 0, "learner", 0, 1, 5.0, {}, {}, {}, 0, False))
    shutil.copy(done / "report.json", tmp_path / "run")
    facts = watched.page.facts()
    assert facts["nodes"]["learner"]["state"] == "ended" and not facts["restartable"]
    assert "time left" not in [figure.name for figure in facts["figures"]]
