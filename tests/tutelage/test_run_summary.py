"""What a person reads when a run has ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tutelage import run_summary
from tutelage.graph import Graph
from tutelage.supervision.outcome import Outcome

ENDED: dict[str, Any] = {
    "exit_code": 0,
    "return_std": 1.0,
    "return_sampled_mean": 1.0,
    "evaluation_episodes": 100,
    "environment_steps": 0,
    "node_restarts": {},
    "node_silences": {},
    "messages_lost": 0,
}


@pytest.mark.parametrize(
    ("mean", "expert", "short"),
    [
        (500.0, 500.0, False),
        (455.0, 500.0, False),
        (445.0, 500.0, True),
        (-230.0, -213.0, False),
        (-276.0, -141.0, True),
    ],
)
def test_a_run_that_ends_clearly_short_of_its_expert_says_so(mean: float, expert: float, short: bool) -> None:
    numbers = ENDED | {"return_mean": mean, "expert_return_mean": expert}
    said = run_summary.text(Graph("gail", [], {"budget": 0}), Path("run"), Outcome(), numbers)
    assert ("clearly short of the expert" in said and "budget:=N" in said) is short


@pytest.mark.parametrize(("std", "short"), [(95.5, False), (30.0, True)])
def test_what_may_be_chance_is_no_shortfall(std: float, short: bool) -> None:
    numbers = ENDED | {
        "return_mean": -156.0,
        "expert_return_mean": -141.0,
        "return_std": std,
        "evaluation_episodes": 100,
    }
    assert ("clearly short" in run_summary.text(Graph("dac", []), Path("run"), Outcome(), numbers)) is short


def test_a_run_without_an_expert_is_not_compared() -> None:
    assert "short" not in run_summary.text(Graph("ppo", []), Path("run"), Outcome(), ENDED | {"return_mean": -500.0})
