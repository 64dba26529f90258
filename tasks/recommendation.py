"""Which launch file fits a task better than the one that was started; docs/results.md has the figures behind it."""

from __future__ import annotations

from tutelage.tasks.task import Env, Task


def recommendation(algorithm: str, env: Env) -> str:
    """A sentence for who has started `algorithm` on this task; empty if nothing fits clearly better."""
    if algorithm not in ("gail", "dac", "iq"):
        return ""
    task = Task(env)
    binary = task.spaces.discrete and task.spaces.action == 2
    if algorithm == "dac" and binary:
        return f"for a choice of two, as in {task.env}, gail.yaml fits better: it is quicker, and its end is surer"
    if algorithm == "gail" and not binary:
        return f"for {task.env} dac.yaml fits better: it needs a sixth of the steps or less"
    if algorithm == "iq" and not binary:
        return f"for {task.env} dac.yaml fits better: iq.yaml reached the expert on CartPole alone"
    return ""
