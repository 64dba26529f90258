"""What the device makes of the reports of pages: in time, late, out of order, of one page and of another."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tutelage.input.problems import Refusal
from tutelage.tasks.task import Task
from tutelage.teaching.devices.browser import Browser, Report, parsed
from tutelage.teaching.devices.device import ORDERS, SESSION, TAKEOVER, Moment

DRIVING, READY = (Moment(phase, 0, 0) for phase in ("driving", "ready"))
NOWHERE = np.zeros(3, np.float32)
HOLD = 0.25


class Clock:
    """The time, as the test has it."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def device(env: str, **settings: Any) -> tuple[Browser, Clock]:
    """A device with one page, `ann`, that has the controls."""
    made, clock = Browser(Task(env), hold=HOLD, **settings), Clock()
    made.clock = clock
    made.enter("ann")
    return made, clock


def acts(made: Browser) -> float:
    return float(made.action(NOWHERE, DRIVING).item())


def test_a_held_key_acts_until_it_is_let_go_of() -> None:
    made, clock = device("Pendulum-v1")
    made.report("ann", Report(1, clock.now, ["left"]))
    assert [acts(made), acts(made)] == [2, 2]
    made.report("ann", Report(2, clock.now, ["right", "left"]))
    assert acts(made) == 0  # both add up
    made.report("ann", Report(3, clock.now))
    assert acts(made) == 0


def test_what_is_older_than_hold_lets_go_and_what_was_delayed_is_never_played() -> None:
    made, clock = device("Pendulum-v1")
    began = clock.now
    made.report("ann", Report(1, began, ["left"]))
    clock.now = began + HOLD
    assert acts(made) == 2
    clock.now += 0.01
    assert acts(made) == 0 and made.gone
    made.report("ann", Report(2, began, ["right"], commands=["keep"]))
    assert acts(made) == 0 and made.commands(READY) == []
    made.report("ann", Report(3, clock.now, ["right"], commands=["keep"]))
    assert acts(made) == -2 and made.commands(READY) == ["keep"]
    made.report("ann", Report(4, clock.now + 9, ["left"]))  # nobody has a stamp that was not given yet
    assert acts(made) == -2


def test_reports_out_of_order_and_repeated_ones_count_once() -> None:
    made, clock = device("Pendulum-v1")
    made.report("ann", Report(2, clock.now, [], commands=["go"]))
    made.report("ann", Report(1, clock.now, ["left"], commands=["keep"]))
    made.report("ann", Report(2, clock.now, ["left"], commands=["go"]))
    assert acts(made) == 0
    assert [*made.commands(READY), *made.commands(READY)] == ["go"]


def test_a_short_press_between_two_actions_counts_for_one() -> None:
    made, clock = device("Pendulum-v1")
    made.report("ann", Report(1, clock.now, ["left"]))
    made.report("ann", Report(2, clock.now))
    assert [acts(made), acts(made)] == [2, 0]


@pytest.mark.parametrize("how", ["silent", "closed"])
def test_who_drives_and_is_gone_stops_a_robot_and_pauses_a_session(how: str) -> None:
    made, clock = device("Pendulum-v1")
    made.report("ann", Report(1, clock.now, ["left"], commands=["go"]))
    assert made.commands(READY) == ["go"] and made.commands(DRIVING) == []
    if how == "closed":
        made.leave("ann")
    else:
        clock.now += HOLD + 0.01
    assert made.commands(DRIVING) == ["stop", "go"] and acts(made) == 0
    assert made.commands(READY) == []


def test_one_page_has_the_controls_and_any_may_stop() -> None:
    made, clock = device("Pendulum-v1")
    made.enter("bob")
    made.report("bob", Report(1, clock.now, ["left"], commands=["go"]))
    assert acts(made) == 0 and made.commands(READY) == []
    made.report("bob", Report(2, clock.now - 60, commands=["stop"]))  # at any age, too
    assert made.commands(READY) == ["stop"]
    made.report("ann", Report(1, clock.now, ["right"], commands=["keep"]))
    made.take("bob")
    assert acts(made) == 0 and made.commands(READY) == []  # ann's key and wish are gone with the controls
    made.report("ann", Report(2, clock.now, ["right"]))
    made.report("bob", Report(3, clock.now, ["left"]))
    assert acts(made) == 2
    made.leave("ann")
    assert made.driver == "bob"
    made.leave("bob")
    made.enter("cleo")
    assert made.driver == "cleo"


def test_without_a_rest_the_last_key_stays_however_short_it_was_pressed() -> None:
    made, clock = device("CartPole-v1")
    made.report("ann", Report(1, clock.now, ["right"]))
    made.report("ann", Report(2, clock.now))
    assert [acts(made), acts(made)] == [1, 1]
    made.report("ann", Report(3, clock.now, [], [-0.9, 0.1, 0, 0]))
    assert acts(made) == 0  # a stick that is pushed far is a direction


def test_a_stick_gives_the_numbers_and_keys_do_where_it_rests() -> None:
    made, clock = device("Pendulum-v1", axes=["-right_y"], dead_zone=0.2)
    made.report("ann", Report(1, clock.now, ["left"], [1.0, 0.0, 0.0, -0.6]))
    assert acts(made) == pytest.approx(1.0)  # half way beyond the dead zone, of 2 N m
    made.report("ann", Report(2, clock.now, ["left"], [1.0, 0.0, 0.0, 0.1]))
    assert acts(made) == 2
    with pytest.raises(Refusal, match="has no axis 'axis7'"):
        device("Pendulum-v1", axes=["axis7"])


def test_who_takes_over_goes_on_with_what_was_done_until_the_stick_is_moved() -> None:
    made, clock = device("Pendulum-v1")
    made.engage(np.array([1.75], np.float32))
    made.report("ann", Report(1, clock.now))
    assert [acts(made), acts(made)] == [1.75, 1.75]
    made.report("ann", Report(2, clock.now, [], [1.0, 0, 0, 0]))
    assert acts(made) != 1.75
    made.report("ann", Report(3, clock.now))
    assert acts(made) == 0


def test_at_a_robot_the_space_bar_stops() -> None:
    made, _ = device("Pendulum-v1", keys={"x": "discard"})
    assert made.buttons(SESSION)["space"] == "go" and "escape" not in made.buttons(SESSION)
    for words in (TAKEOVER, {**SESSION, **ORDERS}):
        keys = made.buttons(words)
        assert (keys["space"], keys["escape"], keys["g"], keys["r"], keys["x"]) == (
            "stop",
            "stop",
            "go",
            "arm",
            "discard",
        )


GOOD = {"number": 1, "stamp": 2.5, "held": ["left"], "axes": [0, 0.5], "commands": ["go"]}


def test_a_report_is_read_from_its_json() -> None:
    assert parsed(json.dumps(GOOD)) == Report(1, 2.5, ["left"], [0, 0.5], ["go"])


@pytest.mark.parametrize("wrong", [
    {"number": "1"}, {"number": True}, {"stamp": None}, {"held": ["a"] * 17}, {"held": [3]}, {"axes": [0] * 5}, {"more": 1},
    {"axes": [float("nan")]}, {"stamp": float("inf")}, {"commands": ["rm"]}, {"commands": "go"},
])  # fmt: skip
def test_what_is_no_report_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"report|finite"):
        parsed(json.dumps(GOOD | wrong))


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", "take me"])
def test_neither_is_other_text(text: str) -> None:
    with pytest.raises(ValueError, match=r"report|Expecting"):
        parsed(text)


def test_a_key_that_was_tapped_before_a_takeover_does_nothing_in_it() -> None:
    made, clock = device("Pendulum-v1")
    made.report("ann", Report(1, clock.now, ["left"]))
    made.report("ann", Report(2, clock.now))
    made.engage(np.zeros(1, np.float32))
    assert acts(made) == 0
    made.report("ann", Report(3, clock.now, ["left"]))
    made.report("ann", Report(4, clock.now))
    assert made.commands(READY) == [] and acts(made) == 0
