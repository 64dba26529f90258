"""Makes a graph of a launch file: finds the node classes, checks their parameters, and connects who hears to who says.

A node hears a message type from every node that says it on the same topic: in its own namespace, unless remapped.
"""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tutelage.checking import describe, fits, found
from tutelage.graph import Graph, NodePlan, node_class
from tutelage.launch_language import Entry, LaunchFile
from tutelage.message import Message, fingerprint
from tutelage.node import Node, parameters
from tutelage.problems import LaunchError, Problem, did_you_mean
from tutelage.yaml_marks import plain, shown

EXTRAS = {"torch": "torch", "matplotlib": "plot", "imageio": "video", "Box2D": "box2d", "mujoco": "mujoco"}
"""Packages of others that come with an extra of ours, and which."""


class _Wired(NamedTuple):
    entry: Entry
    kind: type[Node] | None
    plan: NodePlan


class _Voice(NamedTuple):
    """Somebody who says a message type on a topic."""

    name: str
    kind: type[Message]


def wire(launch_file: LaunchFile, name: str = "") -> Graph:
    """The graph that a launch file describes; `name` is its own, or else the file's.

    Raises:
        LaunchError: all that is wrong with the launch file, in reading it and here.
    """
    problems = list(launch_file.problems)
    wired = [_planned(entry, problems) for entry in launch_file.entries]
    if not wired and not problems:
        problems.append(Problem(shown(launch_file.path), "this launch file starts no node: add one under nodes"))
    _refuse_twins(launch_file.entries, problems)
    voices = _voices(wired, problems)
    deaf = [problem for one in wired for problem in _listen(one, voices)]
    if not any(problem.hides for problem in problems):
        problems.extend(deaf)
    if problems:
        raise LaunchError(problems)
    arguments = {argument.name: argument.value for argument in launch_file.arguments.values()}
    return Graph(name or launch_file.path.stem, [one.plan for one in wired], arguments, launch_file.time or "lockstep")


def _planned(entry: Entry, problems: list[Problem]) -> _Wired:
    plan = NodePlan(entry.name, environment=dict(entry.environment), required=entry.required,
                    restarts=entry.restarts, restart_seconds=entry.restart_seconds)  # fmt: skip
    plan.parameters = {name: plain(item) for name, item in entry.parameters.items()}
    if isinstance(entry.run, list):
        plan.command = entry.run
        _check_command(entry, problems)
        return _Wired(entry, None, plan)
    plan.run = entry.run
    kind = _class(entry, problems) if entry.run else None
    if kind:
        plan.says = {said.topic: entry.topic(said.topic) for said in kind.says}
        _check_parameters(entry, kind, problems)
        _check_remap(entry, kind, problems)
    return _Wired(entry, kind, plan)


def _class(entry: Entry, problems: list[Problem]) -> type[Node] | None:
    try:
        return node_class(str(entry.run))
    except ModuleNotFoundError as error:
        what = _missing_package(str(entry.run), error.name or "")
    except (LookupError, TypeError, ImportError) as error:
        what = str(error)
    problems.append(Problem(entry.run_place, what, hides=True))
    return None


def _missing_package(run: str, module: str) -> str:
    package = module.partition(".")[0]
    if module != package:
        return f"{run} cannot be imported: there is no module {module}"
    wanted = f"'tutelage[{EXTRAS[package]}]'" if package in EXTRAS else package
    return f"{run} needs {package}, which is not installed: pip install {wanted}"


def _check_command(entry: Entry, problems: list[Problem]) -> None:
    program = entry.run[0] if entry.run else ""
    if not program:
        problems.append(Problem(entry.run_place, "this command has no words: write run: [program, argument, ...]"))
    elif not shutil.which(program, path=entry.environment.get("PATH")):
        problems.append(Problem(entry.run_place, f"there is no program '{program}' that can be run"))
    for items, what in ((entry.parameters, "parameters"), (entry.remap, "remap")):
        for item in list(items.values())[:1]:
            problems.append(Problem(item.key, f"a command takes no {what}: they are for node classes"))


def _check_parameters(entry: Entry, kind: type[Node], problems: list[Problem]) -> None:
    declared = parameters(kind)
    open_end = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in declared.values())
    known = {name: parameter for name, parameter in declared.items() if parameter.kind not in
             (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)}  # fmt: skip
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
            what = f"{kind.__name__} neither hears nor says '{own}'; {did_you_mean(own, known)}"
            problems.append(Problem(item.key, what))


def _refuse_twins(entries: list[Entry], problems: list[Problem]) -> None:
    first: dict[str, Entry] = {}
    for entry in entries:
        twin = first.setdefault(entry.name, entry)
        if twin is not entry:
            what = f"two nodes are named '{entry.name}', one at {twin.place}: rename this one, or give it a namespace"
            problems.append(Problem(entry.place, what))


def _voices(wired: list[_Wired], problems: list[Problem]) -> dict[str, list[_Voice]]:
    """Who says what on each topic; a problem where a topic would carry two message types."""
    voices: dict[str, list[_Voice]] = {}
    for entry, kind, plan in wired:
        for said in kind.says if kind else ():
            topic = plan.says[said.topic]
            others = voices.setdefault(topic, [])
            if others and not _same(said, others[0].kind):
                what = (f"{plan.name} says {said.__name__} on the topic {topic}, on which {others[0].name} says "
                        f"{others[0].kind.__name__}: remap one of them")  # fmt: skip
                problems.append(Problem(entry.place, what, hides=True))
            others.append(_Voice(plan.name, said))
    return voices


def _same(one: type[Message], other: type[Message]) -> bool:
    return one is other or (one.topic == other.topic and fingerprint(one) == fingerprint(other))


def _listen(one: _Wired, voices: Mapping[str, list[_Voice]]) -> Iterator[Problem]:
    """Fills in what a node hears from whom; a problem for each type that it cannot do without and nobody says."""
    entry, kind, plan = one
    if not kind:
        return
    for heard in (*kind.hears, *kind.may_hear):
        topics = _everywhere(entry, heard, voices) if kind.observer else [entry.topic(heard.topic)]
        for topic in topics:
            senders = [voice for voice in voices.get(topic, ()) if voice.name != plan.name]
            if senders and not _same(heard, senders[0].kind):
                yield Problem(entry.place, _other_type(plan.name, heard, topic, senders[0]))
            elif senders:
                plan.hears[topic] = [voice.name for voice in senders]
                plan.takes[topic] = heard.topic
            elif heard in kind.hears:
                yield Problem(entry.place, _unsaid(plan.name, heard, topic, voices))


def _everywhere(entry: Entry, heard: type[Message], voices: Mapping[str, list[_Voice]]) -> list[str]:
    """The topics, from the observer's namespace down, on which this type is said; or the one it is remapped to."""
    if entry.topic(heard.topic) != entry.scope.absolute(heard.topic):
        return [entry.topic(heard.topic)] if entry.topic(heard.topic) in voices else []
    return [topic for topic, saying in voices.items()
            if topic.startswith(entry.scope.absolute("")) and _same(heard, saying[0].kind)]  # fmt: skip


def _other_type(name: str, heard: type[Message], topic: str, voice: _Voice) -> str:
    said = voice.kind.__name__ if voice.kind.topic != heard.topic else f"a {voice.kind.__name__} with other fields"
    return f"{name} hears {heard.__name__} on the topic {topic}, but {voice.name} says {said} there: remap one of them"


def _unsaid(name: str, heard: type[Message], topic: str, voices: Mapping[str, list[_Voice]]) -> str:
    for elsewhere, saying in voices.items():
        if elsewhere != topic and _same(heard, saying[0].kind) and saying[0].name != name:
            return (f"{name} hears {topic}, but no node says it: {saying[0].name} says {elsewhere}; put both into one "
                    f"namespace, or add remap: {{{heard.topic}: /{elsewhere}}} here")  # fmt: skip
    usual = " ".join((heard.__doc__ or "").partition(":")[0].split())
    hint = f" ({usual})" if "->" in usual else ""
    return f"{name} hears {topic}, but no node says it: add a node that says {heard.__name__}{hint}"
