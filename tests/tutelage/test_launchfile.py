"""The launch language: what it reads, and the sentence for each thing it cannot."""

import os
from pathlib import Path
from typing import Any

import pytest

from tutelage.input import yaml_marks
from tutelage.input.problems import LaunchError, Problem
from tutelage.input.yaml_marks import plain
from tutelage.launchfiles import launchfile
from tutelage.launchfiles.arguments import from_command_line
from tutelage.launchfiles.entries import LaunchFile
from tutelage.launchfiles.search import find, find_folder, place


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str, arguments: dict[str, str] | None = None, files: dict[str, str] | None = None) -> LaunchFile:
    for name, content in {"launch": text, **(files or {})}.items():
        Path(f"{name}.yaml").write_text(content)
    return launchfile.read(Path("launch.yaml").resolve(), arguments)


def parameters(launch_file: LaunchFile) -> dict[str, Any]:
    """The parameters of the first node, from a file without problems."""
    assert not launch_file.problems, LaunchError(launch_file.problems)
    return {name: plain(item) for name, item in launch_file.entries[0].parameters.items()}


def node(parameters: str, head: str = "") -> str:
    return f"{head}\nnodes:\n  one: {{run: 'module:Class', parameters: {{{parameters}}}}}\n"


SCALARS = [
    ("1e-3", 0.001), ("1E5", 1e5), (".5", 0.5), ("5.", 5.0), ("-1.5e+2", -150.0), (".inf", float("inf")),
    ("-.inf", float("-inf")), ("010", 10), ("-7", -7), ("+3", 3), ("1_000", "1_000"), ("0x10", "0x10"), ("12:30", "12:30"),
    ("on", "on"), ("off", "off"), ("yes", "yes"), ("no", "no"), ("y", "y"), ("true", True), ("False", False),
    ("null", None), ("~", None), ("2026-01-01", "2026-01-01"), ("1.2.3", "1.2.3"), ("e5", "e5"), (".", "."), ("-", "-"),
]  # fmt: skip


@pytest.mark.parametrize("text, value", SCALARS)
def test_a_scalar_is_what_it_looks_like(text: str, value: Any) -> None:
    assert yaml_marks.scalar(text) == value
    if text != "-":
        assert repr(parameters(read(node(f"a: {text}")))["a"]) == repr(value)


@pytest.mark.parametrize("value", [*(text for text, _ in SCALARS), *(value for _, value in SCALARS), "a: b", "#", "", "ä\n b",
                                   [1, [2.5, {"a": None}]], {"010": "010", "on": "on"}, 1e-300, float("nan")])  # fmt: skip
def test_what_is_dumped_is_read_back(value: Any) -> None:
    problems: list[Problem] = []
    item = yaml_marks.parse(yaml_marks.dump({"a": value}), "text", problems)
    assert item and not problems
    assert repr(plain(item)) == repr({"a": value})


ARGUMENTS = """arguments:
  seed: {default: 0}
  rate: {default: 1e-3}
  steps: {default: 1, type: float}
  name: {default: CartPole-v1}
  flag: {default: false}
  sizes: {default: [64, 64]}
  extra: {default: {a: 1}}
  free: {default: null}
  label: {default: $(name)-$(seed)}
"""


@pytest.mark.parametrize(
    "word, name, value",
    [
        ("", "seed", 0), ("", "rate", 0.001), ("", "steps", 1.0), ("", "sizes", [64, 64]), ("", "free", None),
        ("", "label", "CartPole-v1-0"), ("seed:=3", "label", "CartPole-v1-3"),
        ("seed:=010", "seed", 10), ("seed:=1e5", "seed", 100000), ("rate:=1e-4", "rate", 1e-4),
        ("rate:=2", "rate", 2.0), ("name:=010", "name", "010"),
        ("name:=a:=b", "name", "a:=b"), ("name:=", "name", ""), ("flag:=true", "flag", True), ("sizes:=[1, 2]", "sizes", [1, 2]),
        ("extra:={b: 1e-3}", "extra", {"b": 0.001}), ("free:=3", "free", 3), ("free:=x", "free", "x"), ("free:=null", "free", None),
        ("name:=$(seed)", "name", "$(seed)"),
    ],
)  # fmt: skip
def test_arguments_have_the_type_of_their_default(word: str, name: str, value: Any) -> None:
    given = from_command_line([word] if word else [])
    assert repr(parameters(read(node(f"a: $({name})", ARGUMENTS), given))["a"]) == repr(value)


def test_substitution(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("HAND", "left")
    monkeypatch.delenv("FOOT", raising=False)
    text = node("a: 'x $(seed) $(flag) $(rate)', b: $(env HAND), c: $(env FOOT right one), d: $$(seed), e: $(dirname)/f, "
                "f: [$(seed), {g: $(sizes)}]", ARGUMENTS)  # fmt: skip
    assert parameters(read(text)) == {"a": "x 0 false 0.001", "b": "left", "c": "right one", "d": "$(seed)",
                                      "e": f"{folder}/f", "f": [0, {"g": [64, 64]}]}  # fmt: skip


def test_the_launchers_number_is_also_in_a_default() -> None:
    text = node("a: $(link), b: $(process)", "arguments: {link: {default: /tmp/robot-$(process)}}")
    assert parameters(read(text)) == {"a": f"/tmp/robot-{os.getpid()}", "b": os.getpid()}


CHOICE = """arguments: {{operator: {{default: scripted, choices: [scripted, keyboard]}}, robot: {{default: null}}}}
groups:
  - if: {{operator: scripted}}
    nodes: {{hand: {{run: "a:Scripted"}}}}
  - if: {{operator: keyboard}}
    nodes: {{hand: {{run: "a:Keyboard"}}}}
nodes:
  body: {{run: "a:Body", {condition}}}
"""


@pytest.mark.parametrize(
    "condition, given, runs",
    [
        ("", {}, ["a:Scripted", "a:Body"]),
        ("", {"operator": "keyboard"}, ["a:Keyboard", "a:Body"]),
        ("if: $(robot)", {}, ["a:Scripted"]),
        ("if: $(robot)", {"robot": "r.yaml"}, ["a:Scripted", "a:Body"]),
        ("unless: $(robot)", {"robot": "r.yaml"}, ["a:Scripted"]),
        ("unless: $(robot)", {}, ["a:Scripted", "a:Body"]),
        ("if: {operator: scripted, robot: null}", {}, ["a:Scripted", "a:Body"]),
        ("if: {operator: scripted, robot: x}", {}, ["a:Scripted"]),
        ("if: true, unless: {operator: keyboard}", {"operator": "keyboard"}, ["a:Keyboard"]),
    ],
)
def test_conditions(condition: str, given: dict[str, str], runs: list[str]) -> None:
    read_file = read(CHOICE.format(condition=condition), given)
    assert not read_file.problems
    assert [entry.run for entry in read_file.entries] == runs


def test_what_is_off_is_not_looked_at() -> None:
    assert not read(
        "groups: [{if: false, nodes: {a: {run: $(missing)}}}]\ninclude: [{unless: true, file: none.yaml}]"
    ).problems


def test_groups_hand_down_namespace_environment_and_remap() -> None:
    entry, *_ = read("""
environment: {A: 1, B: true}
groups:
  - namespace: left
    environment: {B: 2.5}
    remap: {observation: eye/observation, action: /action}
    groups:
      - namespace: arm
        nodes:
          body/motor: {run: "a:B", environment: {C: x}, remap: {score: best}, restart: {times: 1, seconds: 2}, required: false}
""").entries
    assert entry.name == "left/arm/body/motor"
    assert entry.environment == {"A": "1", "B": "2.5", "C": "x"}
    topics = {own: entry.topic(own) for own in ("observation", "action", "score", "weights")}
    assert topics == {"observation": "left/eye/observation", "action": "action", "score": "left/arm/body/best",
                      "weights": "left/arm/body/weights"}  # fmt: skip
    assert (entry.restarts, entry.restart_seconds, entry.required) == (1, 2, False)


def test_the_innermost_machine_counts_and_one_that_ray_chooses_gets_a_name() -> None:
    launch_file = read("""
arguments: {need: {default: 2}}
on: {gpu: 1}
nodes:
  first: {run: "a:B"}
  here: {run: "a:B", host: ""}
  robot: {run: "a:B", host: robot}
groups:
  - on: {cpu: $(need), resources: {arm: 1}, labels: {zone: a}}
    nodes: {second: {run: "a:B"}, third: {run: "a:B"}}
  - nodes:
      many: {run: "a:B", on: {}, count: 2}
      named: {run: "a:B", host: simulators, on: {cpu: 0.5}}
""")
    assert not launch_file.problems
    assert {entry.name: (entry.scope.host, entry.scope.on) for entry in launch_file.entries} == {
        "first": ("ray-1", {"cpu": 1, "gpu": 1}),
        "here": ("", {}),
        "robot": ("robot", {}),
        "second": ("ray-2", {"cpu": 2, "resources": {"arm": 1}, "labels": {"zone": "a"}}),
        "third": ("ray-2", {"cpu": 2, "resources": {"arm": 1}, "labels": {"zone": "a"}}),
        "many-0": ("ray-3", {"cpu": 1}),
        "many-1": ("ray-4", {"cpu": 1}),
        "named": ("simulators", {"cpu": 0.5}),
    }


def test_an_include_passes_arguments_on_by_name() -> None:
    inner = "arguments: {rate: {default: 1.0}, seed: {default: 0}, to: {default: x}}\nnodes: {a: {run: $(to), parameters: {rate: $(rate), seed: $(seed)}}}"
    outer = "arguments: {seed: {default: 4}, rate: {default: 2.5}}\ninclude: [{file: inner.yaml, arguments: [seed, {to: 'b:C'}, rate]}]"
    entry = read(outer, files={"inner": inner}).entries[0]
    assert (entry.run, plain(entry.parameters["seed"]), plain(entry.parameters["rate"])) == ("b:C", 4, 2.5)


def test_include_passes_arguments_on_with_their_types() -> None:
    inner = "arguments: {rate: {default: 0.1}, seed: {}}\n" + node("rate: $(rate), seed: $(seed)")
    outer = "arguments: {seed: {default: 4}}\ninclude: [{file: inner.yaml, namespace: n, arguments: {rate: 1, seed: $(seed)}}]"
    launch_file = read(outer, {"seed": "5"}, {"inner": inner})
    assert repr(parameters(launch_file)) == repr({"rate": 1.0, "seed": 5})
    assert launch_file.entries[0].name == "n/one"
    assert list(launch_file.arguments) == ["seed"]


def test_count_and_index() -> None:
    entries = read(
        "nodes: {worker: {run: 'a:B', count: 2, parameters: {number: $(index)}, remap: {score: score-$(index)}}}"
    ).entries
    assert [(one.name, plain(one.parameters["number"]), one.topic("score")) for one in entries] == [
        ("worker-0", 0, "score-0"), ("worker-1", 1, "score-1")]  # fmt: skip


def test_each_index_has_a_condition_of_its_own() -> None:
    text = "nodes: {worker: {run: 'a:B', count: 3, KEY: $(index)}}"
    assert [one.name for one in read(text.replace("KEY", "if")).entries] == ["worker-1", "worker-2"]
    assert [one.name for one in read(text.replace("KEY", "unless")).entries] == ["worker-0"]


def test_each_index_has_a_process_of_its_own() -> None:
    entries = read("nodes: {worker: {run: 'a:B', count: 2, process: crew}, other: {run: 'a:B', process: crew}}").entries
    assert [one.process for one in entries] == ["crew-0", "crew-1", "crew"]


def test_counted_names_sort_as_their_numbers_do() -> None:
    names = [one.name for one in read("nodes: {worker: {run: 'a:B', count: 11}}").entries]
    assert names == sorted(names) and names[0] == "worker-00" and names[-1] == "worker-10"


def test_parameters_from_a_file() -> None:
    text = "nodes: {arm: {run: 'a:B', parameters_from: robot.yaml, parameters: {rate: 100}}}"
    assert parameters(read(text, files={"robot": "port: /dev/ttyUSB0\nrate: 50\n"})) == {
        "port": "/dev/ttyUSB0",
        "rate": 100,
    }


def test_files_are_looked_for_beside_the_file_and_given_ones_in_the_current_folder(folder: Path) -> None:
    (folder / "inner").mkdir()
    for here in (folder, folder / "inner"):
        (here / "robot.yaml").write_text(f"where: {here.name}\n")
    text = "arguments: {robot: {default: robot.yaml, type: file}}\nnodes: {arm: {run: 'own.py:B', parameters_from: $(robot)}}"
    path = folder / "inner" / "launch.yaml"
    path.write_text(text)
    assert parameters(launchfile.read(path)) == {"where": "inner"}
    assert parameters(launchfile.read(path, {"robot": "robot.yaml"})) == {"where": folder.name}
    assert launchfile.read(path).entries[0].run == f"{folder}/inner/own.py:B"


def test_commands_and_time() -> None:
    launch_file = read("time: realtime\nnodes: {plot: {run: [python, -c, 1, true]}}")
    assert launch_file.entries[0].run == ["python", "-c", "1", "true"]
    assert launch_file.time == "realtime"


def test_find(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutelage.launchfiles.search.LAUNCH_FOLDER", folder / "launch")
    (folder / "launch").mkdir()
    (folder / "launch" / "gail.yaml").touch()
    assert find("gail.yaml") == folder / "launch" / "gail.yaml"
    (folder / "gail.yaml").touch()
    assert find("gail.yaml") == find(str(folder / "gail.yaml")) == folder / "gail.yaml"
    with pytest.raises(
        LaunchError, match=r"gial\.yaml: there is no such file in .* or .*/launch/robots; did you mean 'gail\.yaml'\?"
    ):
        find("gial.yaml")
    with pytest.raises(LaunchError, match=r"/none\.yaml: there is no such file"):
        find("/none.yaml")


def test_a_launch_file_of_an_installed_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "arms" / "launch").mkdir(parents=True)
    (folder / "arms" / "__init__.py").touch()
    (folder / "arms" / "launch" / "reach.yaml").touch()
    monkeypatch.syspath_prepend(folder)
    assert find("arms:launch/reach.yaml") == folder / "arms" / "launch" / "reach.yaml"
    with pytest.raises(LaunchError, match=r"there is no such file in .*/arms/launch; did you mean 'reach\.yaml'\?"):
        find("arms:launch/raech.yaml")
    with pytest.raises(LaunchError, match=r"no_such_package:reach\.yaml: there is no such file"):
        find("no_such_package:reach.yaml")


INNER = "arguments: {seed: {}, rate: {default: 1.5}}\n" + node("seed: $(seed), rate: $(rate)").lstrip()
MIDDLE = "arguments: {seed: {}}\ninclude: [{file: inner.yaml, arguments: [seed], inherit: true}]"


@pytest.mark.parametrize("file", ["inner", "middle"])
def test_a_file_inherits_the_arguments_that_it_does_not_pass(file: str) -> None:
    outer = f"arguments: {{seed: {{default: 4}}}}\ninclude: [{{file: {file}.yaml, arguments: [seed], inherit: true}}]"
    files = {"inner": INNER, "middle": MIDDLE}
    launch_file = read(outer, {"rate": "2"}, files)
    assert parameters(launch_file) == {"seed": 4, "rate": 2.0}
    assert list(launch_file.arguments) == ["seed", "rate"]
    assert parameters(read(outer, files=files)) == {"seed": 4, "rate": 1.5}
    assert list(launchfile.arguments(Path("launch.yaml")).arguments) == ["seed", "rate"]
    problem = "rate:=fast: argument 'rate' must be a float, but is the string 'fast'"
    assert list(map(str, LaunchError(read(outer, {"rate": "fast"}, files).problems).problems)) == [problem]


def test_without_inherit_an_argument_of_the_included_file_is_not_this_files() -> None:
    outer = "include: [{file: inner.yaml, arguments: {seed: 4}}]"
    assert [str(one) for one in read(outer, {"rate": "2"}, {"inner": INNER}).problems] == [
        "rate:=2: launch.yaml has no argument 'rate'; known: none"
    ]


@pytest.mark.parametrize(
    "include",
    [
        "groups: [{include: [{file: inner.yaml, arguments: {seed: 4}, inherit: true}]}]",
        "include: [{file: $(dirname)/inner.yaml, arguments: {seed: 4}, inherit: true}]",
    ],
)
def test_where_a_file_cannot_inherit_it_is_told(include: str) -> None:
    assert [problem.what for problem in read(include, files={"inner": INNER}).problems] == [
        "a file inherits by an include of its own, not of a group, whose file is written out: pass the arguments by name"
    ]


def test_whether_a_file_inherits_is_written_out() -> None:
    outer = "arguments: {x: {default: true}}\ninclude: [{file: inner.yaml, arguments: {seed: 4}, inherit: $(x)}]"
    assert "'inherit' must be true or false, but is the string '$(x)'" in str(
        read(outer, files={"inner": INNER}).problems[0]
    )


def test_files_that_inherit_from_each_other_in_a_circle_are_refused() -> None:
    problems = read(
        "include: [{file: other.yaml, inherit: true}]", files={"other": "include: [{file: launch.yaml, inherit: true}]"}
    ).problems
    assert "in a circle, take one include out: launch.yaml -> other.yaml -> launch.yaml" in str(problems[0])


def test_an_include_replaces_nodes_where_they_stand() -> None:
    files = {"nodes": "nodes: {one: {run: 'a:B'}, two: {run: 'a:C'}, three: {run: 'a:D'}}"}
    text = """
arguments: {rate: {default: 5}}
include:
  - file: nodes.yaml
    namespace: left
    replace:
      two: {run: [sh, $(dirname), $(rate)], says: [Score, "own.json:Cry"]}
      three: {if: false, run: 'a:E'}
"""
    launch_file = read(text, files=files)
    assert not launch_file.problems
    one, two = launch_file.entries
    assert (one.name, one.run, two.name, two.run) == ("left/one", "a:B", "left/two", ["sh", str(Path.cwd()), "5"])
    assert [item.value for item in two.types["says"]] == ["Score", f"{Path.cwd()}/own.json:Cry"] and two.types[
        "hears"
    ] == []


def test_a_place_may_be_an_id_where_it_is_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "run").mkdir()
    assert place("~/run") == find_folder("~/run") == tmp_path / "run"
    assert place("cartpole/human-v0") == "cartpole/human-v0"
    for name in ("./run-v0", "/run-v0", "~/run-v0", "~no-user/run-v0", "runs/cartpole.npz"):
        with pytest.raises(LaunchError, match="there is no such file"):
            place(name)
    (tmp_path / "file").touch()
    with pytest.raises(LaunchError, match="there is no such folder"):
        find_folder("~/file")


def test_arguments_are_listed_without_being_given() -> None:
    read("description: What it does.\narguments: {env: {help: which one}, seed: {default: 3, choices: [3, 4]}}")
    launch_file = launchfile.arguments(Path("launch.yaml").resolve())
    env, seed = launch_file.arguments.values()
    assert launch_file.description == "What it does."
    assert (env.name, env.required, env.help) == ("env", True, "which one")
    assert (seed.type, seed.default, seed.choices, seed.required) == ("int", 3, [3, 4], False)


@pytest.mark.parametrize("file, least", [
    ("bc.yaml", {"epochs": 1, "epochs_each": 0, "patience": 0, "subsample": 1, "kept_episodes": 0}),
    ("gail.yaml", {"environments": 1, "rollout_steps": 1, "rollouts_each": 1, "subsample": 1, "chance": 0}),
    ("ppo.yaml", {"lag": 0, "budget": 0, "episodes": 1, "evaluate_every": 0}),
    ("rig.yaml", {"seconds": 0, "patience": 0, "episode_steps": 0}),
    ("record.yaml", {"episodes": 0, "least": 0}),
])  # fmt: skip
def test_numbers_with_which_a_node_could_not_work_are_refused(file: str, least: dict[str, int]) -> None:
    given = {name: str(number - 1) for name, number in least.items()} | ({"policy": "."} if "rig" in file else {})
    problems = launchfile.read(find(file), given).problems
    assert {str(problem) for problem in problems} == {
        f"{name}:={number - 1}: argument '{name}' must be at least {number}, but is {number - 1}"
        for name, number in least.items()
    }


@pytest.mark.parametrize("words, sentence", [(["seed=3"], "seed=3: this sets nothing: write name:=value"),
                                             (["a:=1", "a:=2"], "a:=2: 'a' is set twice: keep one of the two")])  # fmt: skip
def test_words_of_the_command_line(words: list[str], sentence: str) -> None:
    with pytest.raises(LaunchError) as error:
        from_command_line(words)
    assert str(error.value) == sentence


BAD = [
    # text, where, sentence
    ("", "launch.yaml:1:1", "this file is empty"),
    ("nodes:\n\ta: 1", "launch.yaml:2:1", "tabs"),
    ("nodes:\n  a: b: c", "launch.yaml:2:7", "this YAML cannot be read: mapping values are not allowed here (put text"),
    ("nodes: {a: [}", "launch.yaml:1:13", "this YAML cannot be read"),
    ("--- {}\n--- {}", "launch.yaml:2:1", "but found another document"),
    ("[" * 5000, "launch.yaml:1:1", "nested too deeply"),
    ("nodes: &a {}", "launch.yaml:1:8", "anchors and aliases are not read"),
    ("nodes: !!python/object:os.system {}", "launch.yaml:1:8", "the tag 'tag:yaml.org,2002:python/object:os.system' is not read"),
    ("nodes:\n  a: {run: 'a:B'}\n  a: {run: 'a:C'}", "launch.yaml:3:3", "the key 'a' is duplicated: keep this one or that of line 2"),
    ("nodes: {? [a] : b}", "launch.yaml:1:11", "a key must be a word"),
    ("- nodes", "launch.yaml:1:1", "a launch file must be a mapping, but is a list"),
    ("node: {}", "launch.yaml:1:1", "a launch file has no key 'node'; did you mean 'nodes'?"),
    ("nodes: []", "launch.yaml:1:8", "a launch file: 'nodes' must be a mapping, but is a list"),
    ("nodes: {a: {run: 'a:B', parametres: {}}}", "launch.yaml:1:25", "node 'a' has no key 'parametres'; did you mean 'parameters'?"),
    ("nodes: {a: 'a:B'}", "launch.yaml:1:12", "node 'a' must be a mapping, but is the string 'a:B'"),
    ("nodes: {a: {}}", "launch.yaml:1:9", "node 'a' does not say what to run: add run:"),
    ("nodes: {a: {run: 3}}", "launch.yaml:1:18", "node 'a': 'run' must be a string or a list, each element a string or an int"),
    ("nodes: {a b: {run: 'a:B'}}", "launch.yaml:1:9", "'a b' is not a name: use letters"),
    ("nodes: {a: {run: 'a:B', required: yes}}", "launch.yaml:1:35", "'required' must be true or false, but is the string 'yes'"),
    ("nodes: {a: {run: 'a:B', count: 1.5}}", "launch.yaml:1:32", "'count' must be an int, but is 1.5"),
    ("nodes: {a: {run: 'a:B', on: {resources: {CPU: 2}}}}", "launch.yaml:1:42", "CPU is Ray's own, and `resources` are those that you named at `ray start`: write `cpu` beside `resources` instead"),
    ("nodes: {a: {run: 'a:B', restart: {time: 1}}}", "launch.yaml:1:35", "node 'a': restart has no key 'time'; did you mean 'times'?"),
    ("nodes: {a: {run: 'a:B', restart: {times: true}}}", "launch.yaml:1:42", "'times' must be an int, but is true"),
    ("nodes: {a: {run: 'a:B', environment: {A: [1]}}}", "launch.yaml:1:38", "'environment' must be a mapping, each value a string"),
    ("nodes: {a: {run: 'a:B', remap: {score: 'a b'}}}", "launch.yaml:1:40", "'a b' is not a name"),
    ("nodes: {a: {run: 'a:B', parameters_from: none.yaml}}", "launch.yaml:1:42", "none.yaml: there is no such file in"),
    ("nodes: {a: {run: 'a:B', parameters_from: list.yaml}}", "list.yaml:1:1", "a file of parameters must be a mapping, but is a list"),
    ("nodes: {a: {run: $(sed)}}\narguments: {seed: {default: 0}}", "launch.yaml:1:18", "there is no argument 'sed' for $(sed); did you mean 'seed'?"),
    ("nodes: {a: {run: $(env NO_SUCH)}}", "launch.yaml:1:18", "the environment variable NO_SUCH is not set: set it, or give a default as in $(env NO_SUCH default)"),
    ("arguments: {seed: {defualt: 0, default: 1}}", "launch.yaml:1:20", "argument 'seed' has no key 'defualt'; did you mean 'default'?"),
    ("arguments: {seed: 0}", "launch.yaml:1:19", "argument 'seed' must be a mapping, but is 0"),
    ("arguments: {seed: {}}", "launch.yaml:1:13", "argument 'seed' must be given: add seed:=... to the command, or a default here"),
    ("arguments: {seed: {type: flaot, default: 1}}", "launch.yaml:1:26", "argument 'seed': 'type' must be 'bool' or 'int' or 'float'"),
    ("arguments: {seed: {default: x, type: int}}", "launch.yaml:1:29", "argument 'seed' must be an int, but is the string 'x'"),
    ("arguments: {seed: {default: 5, choices: [1, 2]}}", "launch.yaml:1:29", "argument 'seed' must be one of 1, 2, but is 5"),
    ("arguments: {index: {default: 5}}", "launch.yaml:1:13", "argument 'index' cannot have this name"),
    ("arguments: {a: {default: none.npz, type: file}}", "launch.yaml:1:26", "none.npz: there is no such file in"),
    ("groups: [{if: {operater: x}}]\narguments: {operator: {default: y}}", "launch.yaml:1:16", "there is no argument 'operater' to compare; did you mean 'operator'?"),
    ("arguments: {rate: {default: .nan, least: 0}}", "launch.yaml:1:29", "argument 'rate' must be at least 0, but is nan"),
    ("groups: [{if: {a: kb}}]\narguments: {a: {default: kbd, choices: [kbd]}}", "launch.yaml:1:19", "'a' is never the string 'kb'; did you mean 'kbd'?"),
    ("groups: [{name: x}]", "launch.yaml:1:11", "a group has no key 'name'"),
    ("groups: [{namespace: 'a b'}]", "launch.yaml:1:22", "'a b' is not a name"),
    ("include: [{}]", "launch.yaml:1:11", "this include names no file: add file: other.yaml"),
    ("include: [{file: othre.yaml}]", "launch.yaml:1:18", "othre.yaml: there is no such file in"),
    ("include: [{file: other.yaml, arguments: {sed: 1}}]", "launch.yaml:1:47", "other.yaml has no argument 'sed'; did you mean 'seed'?"),
    ("include: [{file: other.yaml, arguments: {seed: x}}]", "launch.yaml:1:48", "argument 'seed' must be an int, but is the string 'x'"),
    ("include: [{file: launch.yaml}]", "launch.yaml:1:18", "files include each other in a circle, take one include out: launch.yaml -> launch.yaml"),
    ("include: [{file: nodes.yaml, replace: {on: {run: 'a:B'}}}]", "launch.yaml:1:40", "there is no node 'on' in this file to replace; did you mean 'one'?"),
    ("include: [{file: nodes.yaml, replace: {one: {}}}]", "launch.yaml:1:40", "node 'one' does not say what to run: add run:"),
    ("nodes: {a: {run: 'a:B', says: Score}}", "launch.yaml:1:31", "node 'a': 'says' must be a list, each element a string, but is the string 'Score'"),
    ("include: [{file: back.yaml}]", "back.yaml:1:18", "in a circle, take one include out: launch.yaml -> back.yaml -> launch.yaml"),
    ("include: [{file: other.yaml}]\ntime: lockstep", "other.yaml:2:7", "time is realtime here, but lockstep in another file: state one of the two"),
    ("nodes: {a: {run: 'a:B', on: {cpus: 1}}}", "launch.yaml:1:30", "on has no key 'cpus'; did you mean 'cpu'?"),
    ("nodes: {a: {run: 'a:B', on: {gpu: one}}}", "launch.yaml:1:35", "on: 'gpu' must be a float, but is the string 'one'"),
    ("nodes: {a: {run: 'a:B', on: 2}}", "launch.yaml:1:29", "'on' must be a mapping, but is 2"),
    ("nodes: {a: {run: 'a:B', host: 'a b', on: {}}}", "launch.yaml:1:31", "'a b' is no name of a machine"),
    ("time: real", "launch.yaml:1:7", "'time' must be 'lockstep' or 'realtime', but is the string 'real'"),
]  # fmt: skip

FILES = {
    "other": "arguments: {seed: {default: 0}}\ntime: realtime\n",
    "list": "[1]",
    "nodes": "nodes: {one: {run: 'a:B'}, two: {run: 'a:C'}}",
    "back": "include: [{file: launch.yaml}]",
}


@pytest.mark.parametrize("text, where, sentence", BAD, ids=[row[0][:50] for row in BAD])
def test_every_bad_file_has_its_sentence(text: str, where: str, sentence: str) -> None:
    problems = [str(problem) for problem in read(text, files=FILES).problems]
    assert len(set(problems)) == 1, problems
    assert problems[0].startswith(f"{where}: ")
    assert sentence in problems[0]
    assert "\n" not in problems[0]


@pytest.mark.parametrize(
    "given, sentence",
    [
        ({"seed": "abc"}, "seed:=abc: argument 'seed' must be an int, but is the string 'abc'"),
        ({"seed": "1.5"}, "seed:=1.5: argument 'seed' must be an int, but is 1.5"),
        ({"seed": "true"}, "seed:=true: argument 'seed' must be an int, but is true"),
        ({"rate": "fast"}, "rate:=fast: argument 'rate' must be a float, but is the string 'fast'"),
        ({"flag": "yes"}, "flag:=yes: argument 'flag' must be true or false, but is the string 'yes'"),
        ({"sizes": "[1, "}, "sizes:=[1, : argument 'sizes' must be a list, but is the string '[1, '"),
        ({"sed": "1"}, "sed:=1: launch.yaml has no argument 'sed'; did you mean 'seed'?"),
    ],
)
def test_every_bad_argument_has_its_sentence(given: dict[str, str], sentence: str) -> None:
    launch_file = read(node("a: $(seed), b: 'x$(rate)', c: [$(sizes)]", ARGUMENTS), given)
    assert [str(problem) for problem in launch_file.problems] == [sentence]


def test_files_that_cannot_be_read(folder: Path) -> None:
    (folder / "binary.yaml").write_bytes(b"a: \xff\xfe")
    for name, sentence in (
        ("binary.yaml", "binary.yaml:1:1: this YAML cannot be read"),
        ("none.yaml", "none.yaml: this file cannot be"),
    ):
        assert str(launchfile.read(folder / name).problems[0]).startswith(sentence)


def test_all_problems_come_at_once() -> None:
    launch_file = read("nodes:\n  a: {run: $(x)}\n  b: {rum: 'a:B'}\ninclude: [{file: none.yaml}]\nfoo: 1", {"y": "2"})
    lines = [str(problem).split(": ")[0] for problem in launch_file.problems]
    assert lines == [
        "launch.yaml:5:1",
        "y:=2",
        "launch.yaml:2:12",
        "launch.yaml:3:7",
        "launch.yaml:3:3",
        "launch.yaml:4:18",
    ]
