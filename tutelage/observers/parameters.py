"""The parameters of a running graph's nodes: what its launch file set, and what a person has changed since."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from tutelage.graph import Graph, NodePlan
from tutelage.input import yaml_marks
from tutelage.input.problems import Problem, Refusal, did_you_mean
from tutelage.launchfiles import declared
from tutelage.observers.steered import ADMITTED_SECONDS, Pending, admit, mapping, published
from tutelage.setting import Setting
from tutelage.supervision.described import Described, read
from tutelage.supervision.registry import Running

LATER_SECONDS = 0.2
"""How long is waited for what is asked for after one that was not admitted in time: both will be at once."""


class ParameterRow(NamedTuple):
    """A parameter of a node. `steerable`: the range in which it may change while the graph runs, or nothing."""

    node: str
    parameter: str
    value: Any
    steerable: str
    meaning: str


def rows(run: Running, node: str | None = None) -> list[ParameterRow]:
    """All parameters of all nodes, or of one; first those of its constructor, then its settings that may change.

    Raises:
        Refusal: there is no such node.
    """
    names = [plan.name for plan in run.graph.nodes]
    if node is not None and node not in names:
        raise Refusal([Problem(node, f"there is no such node in {run.run_dir.name}; {did_you_mean(node, names)}")])
    return [row for row in rows_of(run.run_dir, run.graph) if node in (None, row.node)]


def rows_of(run_dir: Path, graph: Graph) -> list[ParameterRow]:
    """The parameters of a run in this folder."""
    changed, known = _changed(run_dir), read(run_dir)
    return [row for plan in graph.nodes if plan.run for row in _of(plan, known[plan.name], changed)]


def _of(plan: NodePlan, its: Described, changed: dict[tuple[str, str], float]) -> Iterator[ParameterRow]:
    for name, (default, annotation) in its.parameters.items():
        value = changed.get((plan.name, name), plan.parameters.get(name, default))
        yield ParameterRow(plan.name, name, value, _range(its, name), annotation)
    given, meanings = plan.parameters.get("settings") or {}, _meanings(its)
    for name, default in its.settings.items():
        value = changed.get((plan.name, name), given.get(name, float(default)))
        yield ParameterRow(plan.name, name, value, _range(its, name), meanings.get(name, ""))


def _range(its: Described, name: str) -> str:
    """The range in which a parameter may change; empty if it may not."""
    return "{:g} to {:g}".format(*its.ranges[name]) if name in its.ranges else ""


def _meanings(its: Described) -> dict[str, str]:
    """The texts of the settings, as far as their source is found from here."""
    with suppress(LookupError, ValueError):
        return {one.name: one.meaning for one in declared.settings(its.place)} if its.settings else {}
    return {}


def _changed(run_dir: Path) -> dict[tuple[str, str], float]:
    """The newest value of each setting that was changed."""
    told = [fields for _, topic, fields in published(run_dir) if topic == Setting.topic]
    return {(fields["node"], fields["setting"]): fields["value"] for fields in told}


def row(run: Running, node: str, parameter: str) -> ParameterRow:
    """One parameter.

    Raises:
        Refusal: there is none of this name.
    """
    found = {row.parameter: row for row in rows(run, node)}
    if parameter not in found:
        raise Refusal([Problem(parameter, f"{node} has no such parameter; {did_you_mean(parameter, found)}")])
    return found[parameter]


def change(run: Running, node: str, setting: str, value: float, seconds: float = ADMITTED_SECONDS) -> str:
    """Changes a setting, and says from which rollout on: then no kill undoes it.

    Raises:
        Refusal: it cannot change, or not to this value.
        Pending: it was not admitted in time.
    """
    try:
        rollout = admit(run, Setting.topic, {"node": node, "setting": setting, "value": value}, seconds)
    except Pending as pending:
        raise Pending([Problem(f"{node}: {setting}", problem.what) for problem in pending.problems]) from None
    return f"{node}: {setting} is {value:g} from rollout {rollout} on"


def dump(run: Running, node: str) -> str:
    """The settings of a node that may change, as YAML for `load`."""
    return yaml_marks.dump({row.parameter: row.value for row in rows(run, node) if row.steerable})


def load(run: Running, node: str, text: str) -> Iterator[str]:
    """Changes the settings of a node to what `dump` printed; a sentence for each.

    One that is not admitted in time holds back no other.

    Raises:
        Refusal: this is no such file, or a setting cannot change.
        Pending: some were not admitted in time.
    """
    late: list[Problem] = []
    for setting, value in mapping(text, node, "there are no settings: a line `name: value` for each is needed").items():
        try:
            yield change(run, node, str(setting), value, LATER_SECONDS if late else ADMITTED_SECONDS)
        except Pending as pending:
            late += pending.problems
        except Refusal as refusal:
            raise Refusal([*late, *refusal.problems]) from None
    if late:
        raise Pending(late)
