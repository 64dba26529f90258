"""Programs in any language as nodes of a launch file. Those in JavaScript need `npm install` in examples/javascript."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable
from functools import cache

import pytest

from tests.parts.run_cli import CLI, Run, cli, finished
from tutelage.messages import Episode
from tutelage.recording import Reader

JAVASCRIPT = CLI.parent / "examples" / "javascript"
FALLING = CLI.parent / "tests" / "parts" / "falling.py"
STEPS = "budget:=16384"

needs_npm = pytest.mark.skipif(
    not (shutil.which("node") and (JAVASCRIPT / "node_modules").is_dir()),
    reason="run `npm install` in examples/javascript",
)

IN_PYTHON = f"""
arguments: {{budget: {{default: 0}}, episodes: {{default: 2}}}}
include:
  - file: gail.yaml
    arguments: [budget, episodes]
    replace: {{policy: {{run: "{FALLING}:Falling"}}}}
"""


@pytest.fixture(scope="session")
def digest(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The digest of a quiet run with the same node in Python."""

    @cache
    def ended_in(name: str) -> str:
        folder = tmp_path_factory.mktemp("quiet")
        (folder / "policy.yaml").write_text(IN_PYTHON)
        return finished(folder, {"policy": "policy.yaml", "rewarder": "ppo.yaml"}[name], STEPS, "episodes:=2").digest

    return ended_in


@needs_npm
@pytest.mark.parametrize(
    "killed",
    [("policy", "simulator"), *(pytest.param(one, marks=pytest.mark.slow) for one in ((), ("policy",), ("learner",)))],
)
def test_a_policy_in_javascript_ends_in_the_digest_of_ours(tmp_path, digest, killed):
    run = Run(tmp_path, str(JAVASCRIPT / "policy.yaml"), STEPS, "episodes:=2")
    run.until_learning(rows=1)
    assert "policy_version" in cli("topic", "echo", "action", "--once", "--run", run.run_dir).stdout
    for row in (2, 4) if killed else ():
        run.until_learning(rows=row)
        before = run.nodes()
        for node in killed:
            os.kill(before[node], signal.SIGKILL)
        run.until(lambda before=before: all(run.nodes()[node] != before[node] for node in killed))  # type: ignore[misc]
    run.ends_well()
    assert run.report["node_restarts"] == dict.fromkeys(killed, 2)
    assert run.digest == digest("policy")


@needs_npm
def test_a_rewarder_in_javascript_is_recorded_and_interrupted_and_ends_in_the_digest_of_ours(tmp_path, digest):
    run = Run(tmp_path, str(JAVASCRIPT / "rewarder.yaml"), STEPS, "episodes:=2", "record:=true")
    run.until_learning(rows=2)
    os.kill(run.nodes()["rewarder"], signal.SIGKILL)
    run.until_learning(rows=3)
    run.process.send_signal(signal.SIGINT)
    assert run.wait().process.returncode == 128 + signal.SIGINT
    assert (run.run_dir / "weights.interim.safetensors").exists()  # all nodes have halted
    assert run.resumed().digest == digest("rewarder")
    verdicts = cli("verify", run.run_dir)
    assert verdicts.returncode == 0 and "rewarder: not verified (it is a program of its own)" in verdicts.stdout
    assert "learner: same" in verdicts.stdout


@needs_npm
@pytest.mark.slow
def test_a_run_with_a_program_is_extended(tmp_path, digest):
    run = finished(tmp_path, str(JAVASCRIPT / "rewarder.yaml"), STEPS, "episodes:=2")
    extended = run.resumed("budget:=32768")
    assert extended.report["environment_steps"] == 32768
    plain = finished(tmp_path / "plain", "ppo.yaml", STEPS, "episodes:=2")
    assert extended.digest == plain.resumed("budget:=32768").digest


@needs_npm
def test_a_program_that_comes_back_without_what_it_acknowledged_ends_the_run(tmp_path):
    """It would wait for ever for messages that are forgotten."""
    forgets = f"rm -f {tmp_path}/run/checkpoints/rewarder.checkpoint; exec node {JAVASCRIPT}/rewarder.mjs 64"
    rewarder = {"run": ["sh", "-c", forgets], "hears": ["Reward"], "says": ["Score"]}
    includes = [{"file": "ppo.yaml", "arguments": {"episodes": 2}, "replace": {"rewarder": rewarder}}]
    (tmp_path / "forgetful.yaml").write_text(json.dumps({"include": includes}))
    run = Run(tmp_path, "forgetful.yaml")
    run.until_learning(rows=20)
    os.kill(run.nodes()["rewarder"], signal.SIGKILL)
    assert run.wait().process.returncode == 1
    assert "save what it has heard before it acknowledges it" in run.report["failure"]


COUNTER = """
import { run } from "%s/node.mjs";
let episodes = 0;
run({
  *hear({ rollout, step }) {
    episodes += 1;
    yield { type: "Metrics", rollout, step, values: { "javascript/episodes": episodes } };
  },
  state: () => episodes,
  load: (state) => { episodes = state; },
});
"""


@needs_npm
def test_a_program_for_which_nobody_waits_hears_and_says_all(tmp_path):
    """It asks for its messages when it has time, and so does the report, which hears it."""
    (tmp_path / "counter.mjs").write_text(COUNTER % JAVASCRIPT)
    counter = {"run": ["node", str(tmp_path / "counter.mjs")], "hears": ["Episode"], "says": ["Metrics"]}
    includes = [{"file": "ppo.yaml", "arguments": {"episodes": 2, "budget": 16384, "record": True}}]
    (tmp_path / "counting.yaml").write_text(json.dumps({"include": includes, "nodes": {"counter": counter}}))
    run = Run(tmp_path, "counting.yaml")
    run.until_learning(rows=50)
    os.kill(run.nodes()["counter"], signal.SIGKILL)
    assert run.wait().process.returncode == 0 and run.report["node_restarts"] == {"counter": 1}, run.output
    counted = [row["javascript/episodes"] for row in run.rows if "javascript/episodes" in row]
    episodes = len(list(Reader(run.run_dir / "recording.mcap").of(Episode)))
    assert counted == list(range(1, episodes + 1))


BABBLE = "import os; os.write(0, b'{}\\n'); import time; time.sleep(60)"
LEAVES = "raise SystemExit(0)"
REFUSES = """import os; os.write(0, b'{"event": "refused", "why": "there is no camera"}\\n'); os.read(0, 1)"""


@pytest.mark.parametrize("program, code, why", [
    (BABBLE, 1, "its lifeline says what is no report: {}"),
    (LEAVES, 1, "rewarder could not be kept alive"),
    (REFUSES, 2, "there is no camera"),
], ids=["babbles", "leaves", "refuses"])  # fmt: skip
def test_a_program_that_is_no_good_node_ends_the_run_with_a_sentence(tmp_path, program, code, why):
    rewarder = {"run": ["python", "-c", program], "hears": ["Reward"], "says": ["Score"]}
    includes = [{"file": "ppo.yaml", "arguments": {"episodes": 2}, "replace": {"rewarder": rewarder}}]
    (tmp_path / "bad.yaml").write_text(json.dumps({"include": includes}))
    run = Run(tmp_path, "bad.yaml").wait()
    assert run.process.returncode == code and why in run.output, run.output


def test_a_program_is_told_its_place_and_types_of_a_schema_file(tmp_path):
    """A program says a type of its own, which a schema file declares, and another hears it."""
    schemas = json.loads(cli("messages", "Score", "--json").stdout)
    (tmp_path / "own.json").write_text(json.dumps({"loud": {**schemas["score"], "title": "LoudScore"}}))
    tells = "import os, sys, json; told = os.environ['TUTELAGE_NODE']; print(told, flush=True); "
    tells += "open(json.loads(told)['links'].removeprefix('ipc://'), 'w').close(); "
    tells += """os.write(0, b'{\"event\": \"ready\"}\\n'); os.read(0, 1)"""  # until both are ready
    nodes = {
        "mouth": {"run": ["python", "-c", tells], "says": ["own.json:LoudScore"], "restart": {"times": 0}},
        "ear": {"run": ["python", "-c", tells], "hears": ["own.json:LoudScore"], "remap": {"loud_score": "/loud"}},
    }
    nodes["mouth"]["remap"] = nodes["ear"]["remap"]
    (tmp_path / "two.yaml").write_text(json.dumps({"nodes": nodes}))
    run = Run(tmp_path, "two.yaml").wait()
    logs = [(run.run_dir / f"logs/{name}.log").read_text() for name in nodes]
    mouth, ear = (json.JSONDecoder().raw_decode(log)[0] for log in logs)  # of its first process
    assert (mouth["name"], mouth["restarts"], ear["hears"][0]["sender"]) == ("mouth", 0, "mouth")
    assert mouth["says"][0]["topic"] == ear["hears"][0]["topic"] == "loud" and mouth["says"][0]["sinks"] == ["ear"]
    assert ear["sink"] and ear["hears"][0]["address"] == mouth["links"]
    assert mouth["run"] == json.loads((run.run_dir / "run.json").read_text())["run"]
    assert mouth["says"][0]["fingerprint"] == ear["hears"][0]["fingerprint"]


def test_the_fingerprint_is_what_the_wire_document_says():
    for schema in json.loads(cli("messages", "--json").stdout).values():
        said = {**schema, "description": ""}
        given = said.pop("fingerprint")
        said["properties"] = {name: {key: value for key, value in field.items() if key != "enum"}
                              for name, field in schema["properties"].items()}  # fmt: skip
        assert hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16] == given
