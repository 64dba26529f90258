"""Makes the plan of each node: finds its class, and checks its parameters, remaps or command."""

from __future__ import annotations

import inspect
import shutil
from typing import Any, NamedTuple

from tutelage.graph import NodePlan, node_class
from tutelage.input.problems import Problem, did_you_mean
from tutelage.input.types import describe, fits, found
from tutelage.input.yaml_marks import plain
from tutelage.invocation import installing
from tutelage.launchfiles.entries import Entry
from tutelage.node import Node, parameters
from tutelage.program import type_of

EXTRAS = {
    "torch": "torch",
    "matplotlib": "plot",
    "imageio": "video",
    "Box2D": "box2d",
    "pygame": "gamepad",
    "mujoco": "mujoco",
}
"""Third-party packages, and the extra of ours that installs them."""


class Planned(NamedTuple):
    """A node, its class (None for a program that is no node, or if it cannot be found) and its plan."""

    entry: Entry
    kind: type[Node] | None
    plan: NodePlan


def plan_node(entry: Entry, problems: list[Problem]) -> Planned:
    """The plan of a node without its subscriptions; errors in class, parameters, remaps or command are problems."""
    plan = NodePlan(
        entry.name,
        environment=dict(entry.environment),
        required=entry.required,
        host=entry.scope.host,
        on=dict(entry.scope.on),
        process=entry.process,
        restarts=entry.restarts,
        restart_seconds=entry.restart_seconds,
    )
    plan.parameters = {name: plain(item) for name, item in entry.parameters.items()}
    if isinstance(entry.run, list):
        plan.command, plan.types = entry.run, _types(entry, problems)
        _check_command(entry, problems)
        kind = plan.kind
    else:
        plan.run = entry.run
        kind = _class(entry, problems) if entry.run else None
    if kind:
        plan.says = {said.topic: entry.topic(said.topic) for said in kind.says}
        _check_remap(entry, kind, problems)
    return Planned(entry, kind, plan)


def _types(entry: Entry, problems: list[Problem]) -> dict[str, list[str]]:
    """The names of the message types of a program that is a node; a problem for each that cannot be found."""
    names: dict[str, list[str]] = {key: [] for key in entry.types}
    for key, items in entry.types.items():
        for item in items:
            try:
                type_of(item.value)
                names[key].append(item.value)
            except (LookupError, TypeError, ImportError) as error:
                problems.append(Problem(item.place, str(error), hides=True))
    return names


def _class(entry: Entry, problems: list[Problem]) -> type[Node] | None:
    for key in list(entry.types)[:1]:
        what = (
            f"a node class declares itself what it {key}: only a program, run: [program, argument, ...], says so here"
        )
        problems.append(Problem(entry.run_place, what))
    try:
        kind = node_class(str(entry.run))
    except ModuleNotFoundError as error:
        what = _missing_package(str(entry.run), error.name or "")
    except (LookupError, TypeError, ImportError) as error:
        what = str(error)
    else:
        check_parameters(entry, kind, problems)
        return kind
    problems.append(Problem(entry.run_place, what, hides=True))
    return None


def _missing_package(run: str, module: str) -> str:
    package = module.partition(".")[0]
    if module != package:
        return f"{run} cannot be imported: there is no module {module}"
    remedy = installing(EXTRAS[package]) if package in EXTRAS else f"pip install {package}"
    return f"{run} needs {package}, which is not installed: {remedy}"


def _check_command(entry: Entry, problems: list[Problem]) -> None:
    program = entry.run[0] if entry.run else ""
    if not program:
        problems.append(Problem(entry.run_place, "this command has no words: write run: [program, argument, ...]"))
    elif program != "python" and not shutil.which(program, path=entry.environment.get("PATH")):
        problems.append(Problem(entry.run_place, f"there is no program '{program}' that can be run"))
    for items, what in ((entry.parameters, "parameters"), ({} if entry.types else entry.remap, "remap")):
        for item in list(items.values())[:1]:
            problems.append(Problem(item.key, f"a command takes no {what}: they are for node classes"))


def check_parameters(entry: Entry, kind: type, problems: list[Problem]) -> None:
    """A problem for each parameter that the constructor does not have, that has a wrong type, or that is missing."""
    try:
        declared = parameters(kind)
    except (NameError, TypeError, ValueError) as error:
        what = f"the type hints of {kind.__name__}'s parameters cannot be read: {error}"
        problems.append(Problem(entry.run_place, what))
        return
    open_end = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in declared.values())
    known = {
        name: parameter
        for name, parameter in declared.items()
        if parameter.kind not in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    }
    for name, item in entry.parameters.items():
        if name not in known:
            if not open_end:
                what = f"{kind.__name__} has no parameter '{name}'; {did_you_mean(name, known)}"
                problems.append(Problem(item.key, what))
        elif not fits(plain(item), hint := _hint(known[name])):
            what = f"{kind.__name__}'s parameter '{name}' must be {describe(hint)}, but is {found(plain(item))}"
            problems.append(Problem(item.place, what))
    for name, parameter in known.items():
        if name not in entry.parameters and parameter.default is inspect.Parameter.empty:
            what = f"{kind.__name__} needs the parameter '{name}' ({describe(_hint(parameter))}): add it to parameters"
            problems.append(Problem(entry.place, what))


def _hint(parameter: inspect.Parameter) -> Any:
    return Any if parameter.annotation is inspect.Parameter.empty else parameter.annotation


def _check_remap(entry: Entry, kind: type[Node], problems: list[Problem]) -> None:
    known = {message.topic for message in (*kind.hears, *kind.may_hear, *kind.says)}
    for own, item in entry.remap.items():
        if own not in known:
            what = f"{kind.__name__} neither hears nor publishes '{own}'; {did_you_mean(own, known)}"
            problems.append(Problem(item.key, what))
