"""Which launch file fits a task better than the one that was started; docs/results.md has the figures behind it."""

from __future__ import annotations

from tutelage.tasks.known import KNOWN
from tutelage.tasks.task import Env, Task

WHY = {
    "gail": "more of its runs end well",
    "dac": "it needs far fewer steps",
}


def recommendation(algorithm: str, env: Env) -> str:
    """A sentence for who has started `algorithm` on this task; empty if nothing fits clearly better."""
    if algorithm not in ("gail", "dac", "iq"):
        return ""
    task = Task(env)
    better = imitator(task)
    if algorithm == better or (algorithm == "iq" and _binary(task)):
        return ""
    return f"for {task.env} {better}.yaml fits better: {WHY[better]}"


def imitator(task: Task) -> str:
    """The launch file that learns best from a few demonstrations, without its ending."""
    return "gail" if _binary(task) or (task.env in KNOWN and KNOWN[task.env].on_policy) else "dac"


def _binary(task: Task) -> bool:
    return task.spaces.discrete and task.spaces.action == 2
