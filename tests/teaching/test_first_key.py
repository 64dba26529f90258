"""Where no action is neutral, an episode begins with the first key of who drives; by a real terminal, and by reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from tests.teaching.test_session import Exchange
from tutelage.messages import Begin, Observation, Take
from tutelage.nodes.driven_simulator import DrivenSimulator
from tutelage.nodes.robot_teleoperator import RobotTeleoperator
from tutelage.nodes.teleoperator import Teleoperator
from tutelage.tasks.task import Task
from tutelage.teaching.devices.browser import Browser, Report
from tutelage.teaching.devices.device import Moment

LEFT, RIGHT = b"\x1b[D", b"\x1b[C"
FAST = 1e9
"""steps a second: each tick is one"""


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal as the standard input; what is written here is typed there."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as file:
        monkeypatch.setattr(sys, "__stdin__", file)
        yield ours
    os.close(ours)


def seated(env: str = "CartPole-v1") -> Exchange:
    return Exchange(Teleoperator(env, "keyboard", rate=FAST, device={"hold": 0.0}), DrivenSimulator(env))


def steps(met: Exchange) -> int:
    return met.teleoperator.seat.driven.length


def notice(met: Exchange) -> str:
    return met.teleoperator.seat.session.notice


def test_the_first_step_waits_for_the_first_key_and_the_screen_says_so(typed: int) -> None:
    met = seated()
    os.write(typed, b" ")
    met.tick(5)
    assert (steps(met), notice(met)) == (0, "drive: episode 0 begins with your first key")
    os.write(typed, RIGHT)
    met.tick(5)
    assert steps(met) and notice(met) == "episode 0 begins"
    os.write(typed, b"k")
    met.tick()
    (take,) = met.all(Take)
    assert {*take.action.tolist()} == {1}


def test_a_key_of_before_counts_if_it_was_pressed_after_the_last_verdict(typed: int) -> None:
    met = seated()
    os.write(typed, RIGHT + b" ")
    met.tick(3)
    assert steps(met)
    os.write(typed, LEFT + b"k ")
    met.tick(5)
    assert steps(met) == 0 and notice(met) == "drive: episode 1 begins with your first key"
    assert [begin.reason for begin in met.all(Begin)] == ["episode 1 begins"]  # it stands there already
    os.write(typed, b"u")
    met.tick()
    assert steps(met) == 0 and notice(met) == "undone: episode 0 is discarded now"
    os.write(typed, b"d" + LEFT)
    met.tick(2)
    assert steps(met)


def test_a_pause_is_no_beginning_and_no_task_with_a_neutral_action_waits(typed: int) -> None:
    met = seated()
    os.write(typed, RIGHT + b" ")
    met.tick(2)
    os.write(typed, b"  ")
    before = steps(met)
    met.tick(3)
    assert steps(met) > before
    met = seated("MountainCar-v0")
    os.write(typed, b" ")
    met.tick(3)
    assert steps(met)


@pytest.mark.parametrize("keys", [b" ", RIGHT + b" "])
def test_who_comes_back_waits_or_goes_on_with_what_was_chosen_last(typed: int, keys: bytes) -> None:
    met = seated()
    os.write(typed, keys)
    met.tick(4)
    before = steps(met)
    came_back = Teleoperator("CartPole-v1", "keyboard", rate=FAST, device={"hold": 0.0})
    came_back.load(met.teleoperator.state())
    met.teleoperator = came_back
    os.write(typed, b" ")
    met.tick(4)
    rows = came_back.seat.driven.rows
    assert len(rows) == (before and before + 4) and {int(row[1].item()) for row in rows} <= {1}
    assert came_back.seat.waits == (not before)


def test_a_robot_is_not_begun_before_the_first_key(typed: int) -> None:
    node = RobotTeleoperator("CartPole-v1", "keyboard", device={"hold": 0.0})
    os.write(typed, b" ")
    assert not [*node.tick()] and node.seat.drives
    os.write(typed, LEFT)
    node.seat.next_look = 0.0
    assert [type(said) for said in node.tick()] == [Begin]
    node.hear(Observation(0, 0, np.zeros((1, 4), np.float32)))
    assert [said.action.item() for said in node.tick()] == [0]  # type: ignore[attr-defined]


def test_of_a_page_a_held_key_and_one_that_was_pressed_count_until_the_verdict() -> None:
    made = Browser(Task("CartPole-v1"))
    made.enter("ann")
    assert made.waits()
    made.report("ann", Report(1, made.clock(), ["left"]))
    made.report("ann", Report(2, made.clock()))
    assert not made.waits()
    made.report("ann", Report(3, made.clock(), commands=["keep"]))
    assert made.waits()
    made.report("ann", Report(4, made.clock(), ["left"], commands=["keep"]))
    made.commands(Moment("ready", 1, 0))
    assert not made.waits()
