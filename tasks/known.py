"""The known tasks by environment id. A new one is a file beside this one, and a line in the table here."""

from __future__ import annotations

from tutelage.input.loading import named
from tutelage.input.problems import Problem, Refusal
from tutelage.tasks.acrobot import ACROBOT
from tutelage.tasks.cart_pole import CART_POLE
from tutelage.tasks.entry import Known, Law
from tutelage.tasks.guarded import guarded
from tutelage.tasks.inverted_pendulum import INVERTED_PENDULUM
from tutelage.tasks.keys import AXES, Keys, default_keys
from tutelage.tasks.lunar_lander import LUNAR_LANDER, LUNAR_LANDER_CONTINUOUS
from tutelage.tasks.mountain_car import MOUNTAIN_CAR, MOUNTAIN_CAR_CONTINUOUS
from tutelage.tasks.pendulum import PENDULUM
from tutelage.tasks.pictures import Bars, Draw
from tutelage.tasks.robot_task import RobotTask
from tutelage.tasks.task import Task, TaskSpaces
from tutelage.tasks.unknown_operator import unknown_operator

KNOWN: dict[str, Known] = {
    "Acrobot-v1": ACROBOT,
    "CartPole-v1": CART_POLE,
    "InvertedPendulum-v5": INVERTED_PENDULUM,
    "LunarLander-v3": LUNAR_LANDER,
    "LunarLanderContinuous-v3": LUNAR_LANDER_CONTINUOUS,
    "MountainCar-v0": MOUNTAIN_CAR,
    "MountainCarContinuous-v0": MOUNTAIN_CAR_CONTINUOUS,
    "Pendulum-v1": PENDULUM,
}

LAWS: dict[str, Law] = {env: one.law for env, one in KNOWN.items() if one.law}

ROBOT_TASKS: dict[str, type[RobotTask]] = {env: one.robot_task for env, one in KNOWN.items() if one.robot_task}


def law_of(task: Task, operator: str = "scripted") -> Law:
    """The control law of a task: the known one, or by `operator` a user's function, `package.module:function`.

    Raises:
        Refusal: there is none; the sentence says which tasks have one.
    """
    if ":" in operator:
        return guarded(named(operator), operator, task.spaces)
    if operator != "scripted":
        raise unknown_operator(operator, "scripted, package.module:function, or the folder of a run")
    fitting = (one.law for one in _known(task.env) if one.law and one.keys and one.keys.fit(task.spaces))
    if law := next(fitting, None):
        return law
    lacks = " for these actions" if task.env in LAWS else f", only {', '.join(LAWS)} have"
    what = f"has no scripted operator{lacks}: name a file of demonstrations, or an operator of your own"
    raise Refusal([Problem(task.env, what)])


def keys_of(env: str, spaces: TaskSpaces) -> Keys:
    """The keys of a task: its own if they fit its actions, else default ones."""
    return next((one.keys for one in _known(env) if one.keys and one.keys.fit(spaces)), default_keys(spaces))


def axes_of(env: str) -> tuple[str, ...]:
    """The gamepad axes of a task; default ones if it has none of its own."""
    return next((one.axes for one in _known(env) if one.axes), AXES)


def picture_of(env: str) -> Draw:
    """The picture of a task; bars if it has none of its own."""
    return next((one.picture for one in _known(env) if one.picture), None) or Bars()


def _known(env: str) -> list[Known]:
    """The entry of a task: its arguments may give it other actions, for example `continuous` for LunarLander."""
    return [KNOWN[name] for name in (env, env.replace("-v", "Continuous-v")) if name in KNOWN]
