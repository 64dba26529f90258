"""The summary at the end of a run, line by line."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from tutelage.files.naming import file_name
from tutelage.graph import Graph
from tutelage.invocation import program
from tutelage.supervision.outcome import Outcome
from tutelage.supervision.signals import MEANINGS

SILENT_SECONDS = 5.0

SHORT, UNSURE = 0.1, 2.0
"""shares of the expert's return, and of the mean's standard error: a smaller shortfall is not mentioned"""

TRIES = {
    "demonstrations": "more demonstrations",
    "budget": "more environment steps (budget:=N)",
    "policy": "a start from a clone (policy:=RUN of bc.yaml)",
}
"""what may help, by the argument of the launch file that it takes"""

LAST_LINES = 20
"""of the log of a node that could not be kept alive"""

Numbers = dict[str, Any]
"""What report.json holds."""


def text(graph: Graph, folder: Path, outcome: Outcome, numbers: Numbers) -> str:
    """The short report at the end of a run."""
    advice = "" if outcome.exit_code else _advice(graph, numbers)
    after = [part(numbers) for part in (_episodes, _learning, _timing, _restarts, _silences, _losses)]
    said = [_interrupted(numbers), _returns(numbers), advice, *after]
    return "\n".join([*_failure(graph, folder, outcome), *filter(None, said), *_further(graph, folder, outcome)])


def _further(graph: Graph, folder: Path, outcome: Outcome) -> list[str]:
    """Where the results are, and how to resume an unfinished run."""
    resumable = outcome.exit_code and not graph.by_the_clock()
    when = "when that is mended, " if outcome.why else ""
    go_on = [f"{when}resume it: {program()} launch --resume {folder}"] if resumable else []
    return [f"run folder: {folder}", *go_on]


def interrupted(name: str) -> str:
    """Which signal interrupted a run, in words."""
    return f"interrupted by {name} ({MEANINGS.get(name, 'a signal')})"


def _failure(graph: Graph, folder: Path, outcome: Outcome) -> list[str]:
    unsaved = [f"not saved: {what}, by {name}" for name, what in sorted(outcome.unkept.items())]
    if outcome.broken or unsaved:
        resume = f"the run has not finished; when that is fixed, resume it: {program()} launch --resume {folder}"
        return [*filter(None, [outcome.broken]), *unsaved, resume]
    if not outcome.failed:
        return []
    if outcome.why:
        return [f"{outcome.failed} has failed and would fail again: {outcome.why}"]
    log = folder / "logs" / f"{file_name(outcome.failed)}.log"
    why = "could not be kept alive"
    if outcome.failed in graph.by_the_clock():
        why = "has ended and is not restarted, because it acts on the world"
    last = log.read_text(errors="replace").splitlines()[-LAST_LINES:] if log.exists() else []
    return [f"{outcome.failed} {why}. Its last lines, from {log}:", *last]


def _interrupted(numbers: Numbers) -> str:
    if "interrupted" not in numbers:
        return ""
    interim = "; the results below are those of its interim weights" if "interim_weights_digest" in numbers else ""
    return interrupted(numbers["interrupted"]) + interim


def _has_learned(numbers: Numbers) -> bool:
    """Whether the run itself has learned its weights."""
    return bool(numbers.get("seconds_learning"))


def _returns(numbers: Numbers) -> str:
    if "return_mean" not in numbers:
        return ""
    expert = f"; the expert's is {numbers['expert_return_mean']:.1f}" if "expert_return_mean" in numbers else ""
    return (
        f"return {numbers['return_mean']:.1f} +- {numbers['return_std']:.1f} greedy, "
        f"{numbers['return_sampled_mean']:.1f} sampled, over {numbers['evaluation_episodes']} episodes each{expert}"
    )


def _advice(graph: Graph, numbers: Numbers) -> str:
    """What to try if a run ended short of its expert by more than SHORT, and not by chance."""
    mean, expert = numbers.get("return_mean"), numbers.get("expert_return_mean")
    if mean is None or expert is None:
        return ""
    error = numbers["return_std"] / math.sqrt(numbers["evaluation_episodes"])
    if expert - mean <= max(SHORT * abs(expert), UNSURE * error):
        return ""
    tries = [what for argument, what in TRIES.items() if argument in graph.arguments]
    return f"clearly short of the expert; try {', or '.join(tries)}. docs/results.md says what each task needs"


def _episodes(numbers: Numbers) -> str:
    """The episodes of a policy that only acts, for example on a robot, and is not evaluated elsewhere."""
    if "return_mean" in numbers or "episode_return_mean" not in numbers:
        return ""
    return f"{numbers['episodes']} episodes ended, mean return {numbers['episode_return_mean']:.1f} (of the last 100)"


def _learning(numbers: Numbers) -> str:
    if not _has_learned(numbers):
        return ""
    in_all = f"{numbers['wall_seconds']:.1f} s in all"
    if not numbers["environment_steps"]:  # it learned from demonstrations alone
        return f"learned in {numbers['seconds_learning']:.1f} s, {in_all}"
    return (
        f"{numbers['environment_steps']} steps in {numbers['seconds_learning']:.1f} s "
        f"({numbers['steps_per_second']} a second), {in_all}"
    )


def _timing(numbers: Numbers) -> str:
    if not numbers.get("latency_mean"):  # no robot has run
        return ""
    return (
        f"{numbers['seconds_up']:.1f} s at {numbers['rate_mean']:.2f} Hz, longest interval "
        f"{1000 * numbers['interval_max']:.1f} ms, {numbers['deadlines_missed']} deadlines missed, "
        f"{numbers['commands_refused']} commands refused, {numbers['stops']} stops"
    )


def _restarts(numbers: Numbers) -> str:
    found = ", ".join(f"{name} {count}x" for name, count in numbers["node_restarts"].items())
    return found and f"restarted: {found}"


def _silences(numbers: Numbers) -> str:
    """Long silences only: a busy node, too, is silent for a while."""
    long = {name: seconds for name, seconds in numbers["node_silences"].items() if seconds >= SILENT_SECONDS}
    found = ", ".join(f"{name} for {seconds:.1f} s" for name, seconds in long.items())
    return found and f"did not answer, because it was busy or stopped: {found}"


def _losses(numbers: Numbers) -> str:
    lost = numbers["messages_lost"]
    return f"{lost} messages were missed by observers or a recorder; all other nodes received all" if lost else ""
