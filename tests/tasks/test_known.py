"""The table of known tasks: each entry fits its environment; tasks that are not known have keys, axes and bars."""

import numpy as np
import pytest

from tutelage.tasks.keys import AXES, is_action
from tutelage.tasks.known import KNOWN, ROBOT_TASKS, axes_of, keys_of, picture_of
from tutelage.tasks.pictures import Bars
from tutelage.tasks.task import Task, TaskSpaces

EXTRA = {
    "InvertedPendulum-v5": TaskSpaces(4, 1, False, np.array([-3.0]), np.array([3.0])),
    "LunarLander-v3": TaskSpaces(8, 4, True),
    "LunarLanderContinuous-v3": TaskSpaces(8, 2, False, -np.ones(2), np.ones(2)),
}
"""The spaces of what needs a package of its own."""


def spaces(env: str) -> TaskSpaces:
    return EXTRA.get(env) or Task(env).spaces


@pytest.mark.parametrize("env", KNOWN)
def test_keys_and_axes_fit_their_task(env):
    known, its = KNOWN[env], spaces(env)
    assert keys_of(env, its) is known.keys
    assert known.keys.rest is None or is_action(known.keys.rest, its)
    assert len(known.axes) in (0, 0 if its.discrete else its.action)


@pytest.mark.parametrize("env", ROBOT_TASKS)
def test_a_robot_task_is_of_its_environment(env):
    assert ROBOT_TASKS[env]().task.env == env


def test_arguments_may_make_a_task_another_known_one():
    continuous = EXTRA["LunarLanderContinuous-v3"]  # LunarLander-v3 made with continuous=True
    assert keys_of("LunarLander-v3", continuous) is KNOWN["LunarLanderContinuous-v3"].keys
    assert axes_of("LunarLander-v3") == ("-left_y", "left_x")


def test_other_tasks_have_keys_axes_and_bars_too():
    assert keys_of("any", TaskSpaces(3, 2, True)).actions == {"0": 0, "1": 1, "left": 0, "right": 1}
    assert keys_of("any", TaskSpaces(3, 18, True)).actions["9"] == 9
    arm = keys_of("any", TaskSpaces(3, 2, False, np.array([-2.0, 0.0]), np.array([2.0, 4.0])))
    assert arm.actions == {"left": [-1, 0], "right": [1, 0], "down": [0, -1], "up": [0, 1]} and arm.rest == [0, 0]
    assert axes_of("any") == AXES
    assert isinstance(picture_of("any"), Bars) and picture_of("any") is not picture_of("any")
