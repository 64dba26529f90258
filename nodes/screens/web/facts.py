"""What the page shows of a run's progress: plain values by name, of which a browser gets those that have changed."""

from __future__ import annotations

from typing import Any, NamedTuple

from tutelage.nodes.screens.screen import clock, means, state_of
from tutelage.teaching.progress import Progress, Pulse

Facts = dict[str, Any]
"""Values that JSON can hold, by name."""


class Figure(NamedTuple):
    """A measured value, with words beside it. `bad`: somebody should look."""

    name: str
    value: str
    note: str = ""
    bad: bool = False


def of_progress(progress: Progress, now: float) -> Facts:
    """What the messages of a run say; `now` in seconds of the monotonic clock."""
    levels = {"expert": progress.expert_return}
    return {
        "figures": [*_steps(progress, now), *_returns(progress), *_left(progress, now), *_robot(progress)],
        "share": round(progress.steps / progress.budget, 3) if progress.budget else None,
        "warnings": [*progress.warnings, *(["interrupted, ending"] if progress.interrupted else [])],
        "levels": {name: round(level, 2) for name, level in levels.items() if level is not None},
        "nodes": {name: _node(pulse, progress.finished, now) for name, pulse in sorted(progress.nodes.items())},
        "returns": [round(value, 1) for value in progress.returns],
    }


def _steps(progress: Progress, now: float) -> list[Figure]:
    found = [Figure("epoch", f"{progress.epoch}", f"loss {progress.loss:.3f} on held-out pairs")] * bool(progress.epoch)
    if not (progress.steps or progress.budget):
        return found
    notes = [f"of {progress.budget:,}"] if progress.budget else []
    if progress.finished or not progress.stands_still(now):
        notes += [f"{rate:,.0f} a second"] if (rate := progress.steps_per_second) else []
    elif progress.steps < progress.budget:
        notes.append("the learner waits")
    return [*found, Figure("steps", f"{progress.steps:,}", ", ".join(notes))]


def _left(progress: Progress, now: float) -> list[Figure]:
    """The time that is left, as long as the learner learns."""
    rate, left = progress.steps_per_second, progress.budget - progress.steps
    if not rate or left <= 0 or progress.finished or progress.stands_still(now):
        return []
    return [Figure("time left", clock(left / rate))]


def _returns(progress: Progress) -> list[Figure]:
    found = []
    if (mean := progress.policy_return) is not None:
        found.append(Figure("policy's return", f"{mean:.1f}", f"of its last {len(progress.returns)} episodes, sampled"))
    if (expert := progress.expert_return) is not None:
        many = "" if progress.demonstrations == 1 else "s"
        found.append(Figure("expert's return", f"{expert:.1f}", f"{progress.demonstrations} demonstration{many}"))
    if progress.accuracy:
        shares = ", ".join(f"{accuracy:.0%}" for accuracy in progress.accuracy.values())
        sides = ", ".join(f"the {side}'s" for side in progress.accuracy)
        found.append(Figure("discriminator is right", shares, f"of {sides} steps; 50% is chance"))
    if (judged := progress.evaluation) is not None:
        ways = ", ".join(f"{way} {mean:.1f}" for way, mean in means(judged))
        when = "final weights" if judged.final else f"after {judged.environment_steps:,} steps"
        found.append(Figure("evaluation", ways, when))
    return found


def _robot(progress: Progress) -> list[Figure]:
    """A robot's state, and how well its deadlines are kept."""
    found = []
    if (safety := progress.safety) is not None:
        found.append(Figure("robot", safety.state, safety.reason, safety.state in ("stopped", "fault")))
    if (kept := progress.timing) is not None:
        notes = f"longest step {1000 * kept.interval_max:.0f} ms, missed {kept.deadlines_missed}"
        found.append(Figure("rate", f"{kept.rate_mean:.1f} Hz", notes, bool(kept.deadlines_missed)))
    return found


def _node(pulse: Pulse, finished: bool, now: float) -> Facts:
    """A node's state, and the messages a second that it publishes and receives, by topic."""
    return {
        "state": "ended" if finished else state_of(pulse, finished, now),
        "restarts": pulse.last.restarts,
        "lost": pulse.lost,
        "published": {topic: _short(rate) for topic, rate in pulse.rates("said", now).items() if rate},
    }


def _short(rate: float) -> float:
    """Two digits: a third one would change each time, and be sent each time."""
    return float(f"{rate:.2g}")
