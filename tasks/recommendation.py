"""Which launch file fits a task better than the one that was started; docs/results.md has the figures behind it."""

from __future__ import annotations

from tutelage.tasks.task import Env, Task

SEVERAL = 3
"""From so many numbers of an action on, a task is of a robot's size."""


def recommendation(algorithm: str, env: Env) -> str:
    """A sentence for who has started `algorithm` on this task; empty if nothing fits clearly better."""
    if algorithm not in ("gail", "dac", "iq"):
        return ""
    task = Task(env)
    robot = not task.spaces.discrete and task.spaces.action >= SEVERAL
    if algorithm == "gail" and robot:
        return f"for a robot's task as {task.env} dac.yaml fits better: it needs a seventh of the steps"
    if algorithm == "dac" and not robot:
        return f"for a small task as {task.env} gail.yaml fits better: it is quicker, where steps cost little"
    if algorithm == "iq" and task.spaces.action > 2:
        better = "dac" if robot else "gail"
        return f"for {task.env} {better}.yaml fits better: iq.yaml reached the expert on CartPole alone"
    return ""
