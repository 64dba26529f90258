"""Each node says today what it said when it was recorded; a node that was changed is found and named."""

import json
import os
import platform
import re
import shutil
import signal
from importlib import metadata
from pathlib import Path

import pytest

from tests.parts.run_cli import CLI, Run, cli, finished
from tutelage.recording import Reader
from tutelage.recording import verification as verifying
from tutelage.recording.unverified import why_nothing
from tutelage.replay import verify

REFERENCE = Path(__file__).parents[1] / "recordings"

AGAIN = "if the change is meant, make the recordings again: python -m tests.recordings.make"


def verified(path: Path) -> tuple[int, str]:
    """Exit code of `cli.py verify`, and what it prints."""
    done = cli("verify", path)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, done.stdout


def like_here(recording: Path) -> bool:
    """Whether it was made on such a machine with such packages: sums of floats are promised to be the same only there."""
    reader = Reader(recording)
    next(iter(reader))
    about = json.loads(reader.about[0]["run"])
    numeric = ("numpy", "torch", "gymnasium")
    here = {name: metadata.version(name) for name in numeric}
    return about["machine"] == platform.machine() and here == {name: about["versions"][name] for name in numeric}


@pytest.mark.parametrize("name", ["gail", "bc", "ppo"])
def test_nodes_say_what_they_said_in_the_reference_recordings(name):
    recording = REFERENCE / f"{name}.mcap"
    verdicts = verify(recording, trusted=True)
    if any(found.verdict == "differs" for found in verdicts) and not like_here(recording):
        pytest.skip("another machine or other packages than the reference recording is of")
    same = {found.node for found in verdicts if found.verdict == "same" and found.messages > 0}
    others = {found.node for found in verdicts} - same
    assert others == {"report", "recorder", "console"}, f"{verifying.text(verdicts)}\n{AGAIN}"


def test_a_changed_node_is_named_and_no_other(tmp_path):
    """A copy of the policy runs and is recorded; then one line of its arithmetic is changed."""
    source = (CLI.parent / "nodes" / "policy.py").read_text()
    (tmp_path / "my_policy.py").write_text(source)
    arguments = ["gail.yaml", "budget:=64", "environments:=2", "rollout_steps:=8", "episodes:=1", "record:=true"]
    launch = cli("launch", *arguments, "--dry-run").stdout
    assert "nodes.policy:Policy" in launch
    (tmp_path / "mine.yaml").write_text(launch.replace("nodes.policy:Policy", "my_policy.py:Policy"))
    run = finished(tmp_path, "mine.yaml")
    code, text = verified(run.run_dir)
    assert code == 0 and "differs" not in text

    changed = source.replace("self.tensors, message.observation,", "self.tensors, message.observation * 1.001,")
    assert changed != source
    (tmp_path / "my_policy.py").write_text(changed)
    code, text = verified(run.run_dir)
    assert code == 1
    differing = [line for line in text.splitlines() if ": differs" in line]
    assert len(differing) == 1 and re.match(
        r"policy: differs \(action of rollout 0, step \d+: log_prob is ", differing[0]
    )


def test_a_node_whose_module_is_gone_is_named(tmp_path):
    shutil.copy(CLI.parent / "tests" / "parts" / "dying_nodes.py", tmp_path / "mine.py")
    nodes = {"counter": "mine.py:Counter", "adder": "mine.py:Adder", "recorder": "nodes.recorder:Recorder"}
    (tmp_path / "mine.yaml").write_text(json.dumps({"nodes": {name: {"run": run} for name, run in nodes.items()}}))
    run = finished(tmp_path, "mine.yaml").run_dir
    (tmp_path / "mine.py").unlink()
    (run / "report.json").unlink()
    for command in (("verify",), ("bag", "play"), ("launch", "--resume")):
        done = cli(*command, run, cwd=tmp_path)
        said = "counter: this node cannot be loaded here: .*; install or bring back what it needs\n"
        assert done.returncode == 2 and re.fullmatch(said, done.stderr), done.stderr


def test_what_a_run_began_with_is_kept_in_it(tmp_path):
    for name in ("first", "second", "third"):
        (tmp_path / name).mkdir()
    arguments = ["ppo.yaml", "environments:=2", "rollout_steps:=8", "episodes:=1", "record:=true"]
    first = finished(tmp_path / "first", *arguments, "budget:=64")
    second = finished(tmp_path / "second", *arguments, "budget:=64", "seed:=1", f"policy:={first.run_dir}")
    for name in ("weights.safetensors", "report.json"):
        (second.run_dir / name).replace(first.run_dir / name)
    code, text = verified(second.run_dir)
    assert code == 0 and re.search(r"learner: same \(\d+ messages", text), text
    shutil.rmtree(second.run_dir / "inherited")
    code, text = verified(second.run_dir)
    assert code == 0 and re.search(r"learner: not verified \(.*there are no weights here", text), text
    run = Run(tmp_path / "third", *arguments, "budget:=100000000", f"policy:={first.run_dir}")
    run.until_learning(rows=2)
    shutil.rmtree(first.run_dir)
    os.kill(run.nodes()["learner"], signal.SIGKILL)
    run.until_learning(rows=(run.run_dir / "metrics.jsonl").read_text().count("\n") + 20)
    os.kill(run.process.pid, signal.SIGINT)
    run.wait()
    assert run.process.returncode == 130, run.output
    assert run.report["node_restarts"] == {"learner": 1}


def test_what_was_not_recorded_is_not_called_the_same(tmp_path):
    whole = (REFERENCE / "gail.mcap").read_bytes()
    middle = len(whole) // 2
    counts = {found.node: found.messages for found in verify(REFERENCE / "gail.mcap", trusted=True)}
    for content in (whole[:middle], whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]):
        (tmp_path / "some.mcap").write_bytes(content)
        found = [verdict for verdict in verify(tmp_path / "some.mcap", trusted=True) if counts[verdict.node]]
        assert not any(verdict.verdict == "differs" for verdict in found), verifying.text(found)
        assert sum(verdict.messages for verdict in found) < sum(counts.values())
        assert any(verdict.why for verdict in found)


def test_of_a_recording_of_which_nothing_can_be_verified_one_sentence_says_why(tmp_path):
    compared = verifying.Comparison
    partly = [compared("policy", "not verified", 0, verifying.PARTLY), compared("teleoperator", "same", 0)]
    told = why_nothing(partly, REFERENCE / "bc.mcap")
    assert "nothing could be verified" in told and told.endswith("launch the run again with record:=true")
    assert "(topics: demonstration, episode, " in told
    assert why_nothing([*partly, compared("learner", "same", 1)], REFERENCE / "bc.mcap") == ""
    shown = finished(tmp_path, "record.yaml", "operator:=scripted", "episodes:=1").run_dir
    done = cli("verify", shown)
    assert done.returncode == 1 and "nothing can be verified, because" in done.stderr and done.stdout == ""
    assert "teleoperator: it acts by the clock" in done.stderr
