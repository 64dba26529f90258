"""An entry of the table of known tasks (tasks/known.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tutelage.tasks.keys import Keys
from tutelage.tasks.pictures import Draw
from tutelage.tasks.robot_task import RobotTask

Law = Callable[[np.ndarray], int | np.ndarray]
"""A control law: an observation [obs] to an action as the task takes it."""


@dataclass(frozen=True)
class Known:
    """What is known of a task; any part may be missing.

    Attributes:
        law: a control law that does the task well, the scripted expert. Its name is the operator of its demonstrations.
            It is for the actions that the keys are for.
        keys: the keyboard's and the gamepad's keys.
        axes: a gamepad axis for each number of a continuous action; a minus inverts it.
        picture: the task in characters.
        robot_task: the task on a robot.
        on_policy: whether gail.yaml imitates it better than dac.yaml, against the rule of `tasks.recommendation`.
    """

    law: Law | None = None
    keys: Keys | None = None
    axes: tuple[str, ...] = ()
    picture: Draw | None = None
    robot_task: type[RobotTask] | None = None
    on_policy: bool = False
