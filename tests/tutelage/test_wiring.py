"""From a launch file to a graph: node classes, their parameters, who hears whom; and what is refused."""

import json
import sys
from pathlib import Path

import pytest

from tutelage.graph import Graph
from tutelage.input.problems import LaunchError
from tutelage.launchfiles import launchfile
from tutelage.launchfiles.resolved import resolved
from tutelage.launchfiles.search import LAUNCH_FOLDER
from tutelage.launchfiles.wiring import wire

ROBOT = '''
from typing import Annotated, Literal
from tutelage import Message, Node

class Look(Message, cadence="step"):
    """eye -> brain: what is seen."""
    value: float

class Move(Message, cadence="step"):
    """brain -> body, eye: what to do. It is done at once."""
    value: float

class Note(Message):
    value: float

class Eye(Node):
    hears = (Move,)
    says = (Look, Note)

    def __init__(self, rate: float = 50.0, *, count: int = 1, name: str | None = None, flag: bool = False,
                 sizes: list[int] | None = None, gains: dict[str, float] = {}, mode: Literal["fast", "slow"] = "fast",
                 gap: Annotated[float, "seconds"] = 0.0, anything=None): ...

class Brain(Node):
    hears = (Look,)
    may_hear = (Note,)
    says = (Move,)

    def __init__(self, env: str): ...

class Relay(Node):
    hears = (Look,)
    says = (Look,)

class Onlooker(Node):
    hears = (Look, Note)
    order = "arrival"
    observer = True

class Loose(Node):
    def __init__(self, **more): ...

class Hinted(Node):
    def __init__(self, a: "NoSuchType"): ...

class Plain: ...
'''

BRAIN = "brain: {run: 'robot.py:Brain', parameters: {env: x}}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "robot.py").write_text(ROBOT)
    return tmp_path


def graph(text: str, given: dict[str, str] | None = None) -> Graph:
    Path("launch.yaml").write_text(text)
    return wire(launchfile.read(Path("launch.yaml").resolve(), given))


PAIR = f"""
nodes:
  eye: {{run: "robot.py:Eye", parameters: {{rate: 10, name: null, sizes: [1, 2], gains: {{p: 1}}}}}}
  {BRAIN}
"""


def test_a_pair_hears_each_other(folder: Path) -> None:
    made = graph("arguments: {a: {default: 1}}" + PAIR, {"a": "2"})
    eye, brain = made.nodes
    assert (made.name, made.arguments, made.time) == ("launch", {"a": 2}, "lockstep")
    assert eye.run == f"{folder}/robot.py:Eye"
    assert eye.parameters == {"rate": 10, "name": None, "sizes": [1, 2], "gains": {"p": 1}}
    assert (eye.hears, eye.takes, eye.says) == ({"move": ["brain"]}, {"move": "move"}, {"look": "look", "note": "note"})
    assert brain.hears == {"look": ["eye"], "note": ["eye"]}


NAMESPACES = f"""
groups:
  - namespace: left
    nodes:
      eye: {{run: "robot.py:Eye", remap: {{move: /head/move}}}}
  - namespace: head
    remap: {{look: /left/look}}
    nodes:
      {BRAIN}
nodes:
  relay: {{run: "robot.py:Relay", remap: {{look: left/look}}}}
  onlooker: {{run: "robot.py:Onlooker", required: false, restart: {{times: 0}}, environment: {{A: 1}}}}
  left/near: {{run: "robot.py:Onlooker"}}
  clock: {{run: [{sys.executable}, -c, "print('$$(seed)')", 010]}}
  loose: {{run: "robot.py:Loose", parameters: {{word: "1e-3", on: "on", price: "$$(x)", deep: {{a: ["010"]}}}}, count: 2}}
time: realtime
"""


def test_namespaces_and_remaps() -> None:
    nodes = {plan.name: plan for plan in graph(NAMESPACES).nodes}
    assert nodes["left/eye"].says == {"look": "left/look", "note": "left/note"}
    assert nodes["left/eye"].hears == {"head/move": ["head/brain"]}
    assert nodes["left/eye"].takes == {"head/move": "move"}
    assert nodes["head/brain"].hears == {"left/look": ["left/eye", "relay"]}
    assert nodes["relay"].hears == {"left/look": ["left/eye"]}, "a node does not hear itself"
    assert nodes["onlooker"].takes == {"left/look": "look", "left/note": "note"}
    assert nodes["left/near"].takes == {"left/look": "look", "left/note": "note"}
    assert nodes["clock"].command == [sys.executable, "-c", "print('$(seed)')", "10"]
    assert nodes["loose-1"].parameters == {"word": "1e-3", "on": "on", "price": "$(x)", "deep": {"a": ["010"]}}


PROGRAMS = f"""
nodes:
  a/eye: {{run: [sh], hears: ["robot.py:Move"], says: ["robot.py:Look", "robot.py:Note"], remap: {{move: /move}}}}
  watch: {{run: "robot.py:Onlooker"}}
  {BRAIN.replace("x}}", "x}, remap: {look: /a/look}}")}
"""


ON_RAY = f"""
on: {{resources: {{x: 1}}, labels: {{zone: a}}}}
nodes: {{eye: {{run: 'robot.py:Eye', host: b, on: {{gpu: 1}}}}, {BRAIN}}}
"""


def test_a_program_is_a_node_with_the_types_that_the_launch_file_names() -> None:
    made = {plan.name: plan for plan in graph(PROGRAMS).nodes}
    assert made["a/eye"].says == {"look": "a/look", "note": "a/note"}
    assert made["a/eye"].hears == {"move": ["brain"]} and made["a/eye"].takes == {"move": "move"}
    assert made["brain"].hears["a/look"] == ["a/eye"] and made["watch"].hears["a/note"] == ["a/eye"]
    assert made["a/eye"].types["says"] == [f"{Path.cwd()}/robot.py:{name}" for name in ("Look", "Note")]


def test_an_observer_hears_what_there_is_below_it() -> None:
    text = f"groups: [{{namespace: a, nodes: {{eye: {{run: 'robot.py:Eye'}}, {BRAIN}}}}}]\n"
    nodes = "nodes: {all: {run: 'robot.py:Onlooker'}, b/none: {run: 'robot.py:Onlooker'}, ab/none: {run: 'robot.py:Onlooker'}}"
    made = {plan.name: plan for plan in graph(text + nodes).nodes}
    assert made["all"].hears == {"a/look": ["a/eye"], "a/note": ["a/eye"]}
    assert made["b/none"].hears == made["ab/none"].hears == {}


@pytest.mark.parametrize("text", [PAIR, NAMESPACES, PROGRAMS, ON_RAY])
def test_what_is_resolved_is_a_launch_file_of_the_same_graph(text: str) -> None:
    made = graph("arguments: {sizes: {default: {a: [1]}}, line: {default: 'a\\nnodes: {}'}}\n" + text)
    again = graph(resolved(made))
    assert again.nodes == made.nodes
    assert again.time == made.time
    assert Graph.from_json(made.to_json()) == made


@pytest.mark.parametrize("path", sorted(LAUNCH_FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_our_own_launch_files_are_read(path: Path) -> None:
    assert not [problem for problem in launchfile.read(path).problems if "must be given" not in problem.what]


EYE = "nodes: {eye: {run: 'robot.py:Eye', parameters: {%s}}, " + BRAIN + "}"

BAD = [
    # text, where, sentence
    ("nodes: {eye: {run: 'robot.py:Eye', required: false}, " + BRAIN + "}", "launch.yaml:1:9",
     "the run cannot go on without eye: brain waits for its messages; drop `required: false`"),
    ("nodes: {eye: {run: 'robot.py:Eye', host: b, on: {gpu: 1}}, " + BRAIN.replace("Brain'", "Brain', host: b, on: {}") + "}", "launch.yaml:1:60",
     "brain and eye are both on the machine b: give both the same `on`"),
    ("{}", "launch.yaml", "this launch file starts no node: add one under nodes"),
    ("nodes: {eye: {run: 'robot.py:Eye'}}", "launch.yaml:1:9", "eye hears move, but no node publishes it: add a node that publishes Move (brain -> body, eye)"),
    ("nodes: {relay: {run: 'robot.py:Relay'}}", "launch.yaml:1:9", "relay hears look, but no node publishes it: add a node that publishes Look (eye -> brain)"),
    ("nodes: {a/eye: {run: 'robot.py:Eye', remap: {move: /move}}, a/" + BRAIN + "}", "launch.yaml:1:9",
     "a/eye hears move, but no node publishes it: a/brain publishes a/move; put both in one namespace, or add remap: {move: /a/move} here"),
    ("nodes: {eye: {run: 'robot.py:Eye'}, " + BRAIN + "}\ngroups: [{nodes: {eye: {run: 'robot.py:Eye'}}}]", "launch.yaml:2:19",
     "two nodes are named 'eye', one at launch.yaml:1:9: rename this one, or give it a namespace"),
    ("nodes: {eye: {run: 'robot.py:Eye', remap: {look: note}}, " + BRAIN.replace("x}}", "x}, remap: {look: note}}") + "}", "launch.yaml:1:9",
     "eye publishes Note on the topic note, on which eye publishes Look: remap one of them"),
    ("nodes: {eye: {run: 'robot.py:Eye', remap: {lok: note}}, " + BRAIN + "}", "launch.yaml:1:44", "Eye neither hears nor publishes 'lok'; did you mean 'look'?"),
    ("nodes: {eye: {run: 'robot.py:Eye', remap: {move: look2}}, " + BRAIN.replace("x}}", "x}, remap: {move: look2, look: note, note: other}}") + "}",
     "launch.yaml:1:59", "brain hears Look on the topic note, but eye publishes Note: remap one of them"),
    ("nodes: {a: {run: robot}}", "launch.yaml:1:18", "'robot' names no class: write package.module:Class or path/to/file.py:Class"),
    ("nodes: {a: {run: 'robt.py:Eye'}}", "launch.yaml:1:18", "there is no file /"),
    ("nodes: {a: {run: 'robot.py:Eyes'}}", "launch.yaml:1:18", "robot.py has no Eyes; did you mean 'Eye'?"),
    ("nodes: {a: {run: 'robot.py:Plain'}}", "launch.yaml:1:18", "robot.py:Plain is not a node: it must be a subclass of tutelage.Node"),
    ("nodes: {a: {run: 'robot.py:Hinted'}}", "launch.yaml:1:18", "the type hints of Hinted's parameters cannot be read: name 'NoSuchType'"),
    ("nodes: {a: {run: 'no_such_package.b:C'}}", "launch.yaml:1:18", "there is no module no_such_package"),
    ("nodes: {a: {run: 'nodes.simulater:Simulator'}}", "launch.yaml:1:18", "there is no module nodes.simulater; did you mean 'simulator'?"),
    ("nodes: {a: {run: 'missing.py:A'}}", "launch.yaml:1:18", "missing.py:A needs no_such_thing, which is not installed: pip install no_such_thing"),
    ("nodes: {a: {run: 'heavy.py:A'}}", "launch.yaml:1:18", "heavy.py:A needs torch, which is not installed: pip install -c constraints.txt -e '.[torch]' (in the clone)"),
    ("nodes: {a: {run: 'typo.py:A'}}", "launch.yaml:1:18", "typo.py:A cannot be imported: there is no module messages.no_such"),
    ("nodes: {a: {run: 'syntax.py:A'}}", "launch.yaml:1:18", "syntax.py cannot be imported: SyntaxError: "),
    ("nodes: {a: {run: 'raises.py:A'}}", "launch.yaml:1:18", "raises.py cannot be imported: KeyError: 'x' ("),
    (EYE % "rat: 1", "launch.yaml:1:49", "Eye has no parameter 'rat'; did you mean 'rate'?"),
    (EYE % "rate: fast", "launch.yaml:1:55", "Eye's parameter 'rate' must be a float, but is the string 'fast'"),
    (EYE % "rate: true", "launch.yaml:1:55", "Eye's parameter 'rate' must be a float, but is true"),
    (EYE % "count: 1e3", "launch.yaml:1:56", "Eye's parameter 'count' must be an int, but is 1000.0"),
    (EYE % "count: false", "launch.yaml:1:56", "Eye's parameter 'count' must be an int, but is false"),
    (EYE % "flag: 1", "launch.yaml:1:55", "Eye's parameter 'flag' must be true or false, but is 1"),
    (EYE % "name: 5", "launch.yaml:1:55", "Eye's parameter 'name' must be a string or null, but is 5"),
    (EYE % "sizes: [1, x]", "launch.yaml:1:56", "Eye's parameter 'sizes' must be a list, each element an int or null, but is a list ([1, 'x'])"),
    (EYE % "gains: {p: x}", "launch.yaml:1:56", "Eye's parameter 'gains' must be a mapping, each value a float, but is a mapping ({'p': 'x'})"),
    (EYE % "mode: quick", "launch.yaml:1:55", "Eye's parameter 'mode' must be 'fast' or 'slow', but is the string 'quick'"),
    (EYE % "gap: null", "launch.yaml:1:54", "Eye's parameter 'gap' must be a float, but is null"),
    (EYE.replace("env: x", "") % "", "launch.yaml:1:53", "Brain needs the parameter 'env' (a string): add it to parameters"),
    ("nodes: {a: {run: [no-such-program]}}", "launch.yaml:1:18", "there is no program 'no-such-program' that can be run"),
    ("nodes: {a: {run: []}}", "launch.yaml:1:18", "this command has no words"),
    ("nodes: {a: {run: [sh], says: [Scor]}}", "launch.yaml:1:31", "messages has no Scor; did you mean 'Score'?"),
    ("nodes: {a: {run: [sh], says: ['robot.py:Eye']}}", "launch.yaml:1:31", "robot.py:Eye is not a message: it must be a subclass of tutelage.message.Message"),
    ("nodes: {a: {run: [sh], hears: ['tutelage:Message']}}", "launch.yaml:1:32", "tutelage:Message stands for all messages: name the types"),
    ("nodes: {a: {run: [sh], says: ['none.json:Look']}}", "launch.yaml:1:31", "none.json cannot be read: No such file or directory"),
    ("nodes: {a: {run: [sh], says: ['schemas.json:Lok']}}", "launch.yaml:1:31", "schemas.json describes no Lok; did you mean 'Look'?"),
    ("nodes: {a: {run: [sh], says: ['odd.json:Look']}}", "launch.yaml:1:31", "odd.json is not what `tutelage messages --json` prints"),
    ("nodes: {a: {run: [sh], says: [Score], remap: {scor: x}}}", "launch.yaml:1:47", "Program neither hears nor publishes 'scor'; did you mean 'score'?"),
    ("nodes: {a: {run: [sh], hears: [Score]}}", "launch.yaml:1:9", "a hears score, but no node publishes it: add a node that publishes Score"),
    ("nodes: {a: {run: 'robot.py:Relay', hears: ['robot.py:Look']}, b: {run: [sh], says: ['robot.py:Look']}}", "launch.yaml:1:18",
     "a node class declares itself what it hears: only a program, run: [program, argument, ...], says so here"),
    ("nodes: {a: {run: [sh], says: [Score], required: false}, b: {run: [sh], hears: [Score]}}", "launch.yaml:1:9",
     "the run cannot go on without a: b waits for its messages; drop `required: false`"),
    ("nodes: {a: {run: [sh], parameters: {b: 1}}}", "launch.yaml:1:37", "a command takes no parameters: they are for node classes"),
]  # fmt: skip

FILES = {"missing": "import no_such_thing", "heavy": "import torch", "typo": "import messages.no_such", "syntax": "class A(:\n",
         "raises": "{}['x']"}  # fmt: skip


@pytest.mark.parametrize(("text", "where", "sentence"), BAD, ids=[row[2][:50] for row in BAD])
def test_every_bad_file_has_its_sentence(text: str, where: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("schemas.json").write_text(json.dumps({"look": {"title": "Look"}}))
    Path("odd.json").write_text("[1]")
    for name, content in FILES.items():
        Path(f"{name}.py").write_text(content)
    if "torch" in sentence:
        hide_torch(monkeypatch)
    with pytest.raises(LaunchError) as error:
        graph(text)
    (problem,) = map(str, error.value.problems)
    assert problem.startswith(f"{where}: ")
    assert sentence in problem
    assert "\n" not in problem


def hide_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hidden:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> None:
            if name == "torch":
                raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Hidden, *sys.meta_path])


def test_problems_of_reading_and_wiring_come_together() -> None:
    with pytest.raises(LaunchError) as error:
        graph(
            "nodes:\n  eye: {run: 'robot.py:Eye', color: red, parameters: {rat: 1}}\n  b: {run: 'robot.py:Brain'}",
            {"x": "1"},
        )
    assert [str(problem).split(": ")[0] for problem in error.value.problems] == [
        "x:=1", "launch.yaml:2:30", "launch.yaml:2:55", "launch.yaml:3:3"]  # fmt: skip


def test_nothing_seems_unsaid_when_a_node_cannot_be_found() -> None:
    with pytest.raises(LaunchError) as error:
        graph(PAIR.replace("robot.py:Brain", "robot.py:Brian"))
    assert len(error.value.problems) == 1


def test_one_node_cannot_answer_each_step_of_two() -> None:
    with pytest.raises(LaunchError) as error:
        graph(f"nodes: {{eye: {{run: 'robot.py:Eye', count: 2}}, {BRAIN}}}")
    assert "brain hears look from eye-0 and eye-1, but one answer a step cannot serve both" in str(error.value)


def test_one_mistake_in_many_nodes_is_said_once() -> None:
    with pytest.raises(LaunchError) as error:
        graph("nodes: {a: {run: 'robot.py:Relay', count: 3, parameters: {b: 1}, remap: {look: $(index)}}}")
    assert "Relay has no parameter 'b'" in str(error.value)
    assert str(error.value).count("no parameter") == 1
