"""What a run cannot do without is on the disk, whole, or is refused by a sentence."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.parts.disks import disk_steps
from tests.parts.run_cli import cli
from tutelage import launcher as launching
from tutelage.files import checkpoint, durable
from tutelage.graph import Graph
from tutelage.input.problems import Refusal
from tutelage.messages import Metrics
from tutelage.nodes.report import Report
from tutelage.observers import logs
from tutelage.recording.search import was_interrupted
from tutelage.supervision import private, registry, run, run_folder
from tutelage.tasks.finished_run import task_of

CONTENT = {"run": "abc", "numbers": [1, 2.5, None, True], "deep": {"é": "ü", "a": 0.1}}


def variants(whole: bytes, rng: random.Random) -> Iterator[bytes]:
    """A file cut at many places, with single bits flipped, with zeros as XFS leaves them, and what never was one."""
    yield from (whole[: len(whole) * part // 40] for part in range(40))
    yield from (b"\0" * len(whole), whole[:100] + bytes(max(0, len(whole) - 100)), whole + whole)
    yield from (b"null", b"3", b"[]", b'"x"', b"{}", b"[" * 10_000, b'{"a": ' + b"9" * 5000 + b"}", b"\xff\xfe")
    for _ in range(300):
        at = rng.randrange(len(whole))
        yield whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :]


def test_what_was_written_is_read_and_a_person_can_read_it(tmp_path):
    durable.write_json(tmp_path / "file.json", CONTENT)
    assert durable.read_json(tmp_path / "file.json") == CONTENT
    assert list(json.loads((tmp_path / "file.json").read_text())) == [*CONTENT, "checksum"]


def test_a_file_of_an_older_version_has_no_checksum_and_is_read(tmp_path):
    (tmp_path / "file.json").write_text(json.dumps(CONTENT))
    assert durable.read_json(tmp_path / "file.json") == CONTENT


def test_every_single_bit_that_changes_what_is_read_is_noticed(tmp_path):
    path = tmp_path / "file.json"
    durable.write_json(path, CONTENT)
    whole = path.read_bytes()
    for bit in range(8 * len(whole)):
        path.write_bytes(whole[: bit // 8] + bytes([whole[bit // 8] ^ 1 << bit % 8]) + whole[bit // 8 + 1 :])
        try:
            read = durable.read_json(path)
        except Refusal:
            continue
        assert {name: read.get(name) for name in CONTENT} == CONTENT


@pytest.mark.parametrize("there", [True, False])
def test_a_file_is_on_the_disk_before_its_name_and_the_name_before_it_counts(tmp_path, monkeypatch, there):
    if there:
        (tmp_path / "file").touch()
    done = disk_steps(tmp_path, monkeypatch)
    durable.write(tmp_path / "file", b"data")
    assert done == ["file", "rename", "folder"] and (tmp_path / "file").read_bytes() == b"data"


def test_every_folder_on_the_way_is_flushed(tmp_path, monkeypatch):
    flushed: list[Path] = []
    monkeypatch.setattr(durable, "flush_folder", flushed.append)
    durable.make_folder(tmp_path / "a" / "b" / "c")
    assert flushed == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run as it is when the run begins, with the files of one that was interrupted."""
    folder = tmp_path_factory.mktemp("described") / "run"
    made = launching.graph("gail.yaml", [])
    run_folder.prepare(folder)
    run.describe(made, folder)
    durable.write_json(folder / "report.json", {"exit_code": 130, "interrupted": "SIGINT"})
    checkpoint.save(folder / "checkpoints" / "learner.checkpoint", {"step": 1})
    checkpoint.save(folder / "checkpoints" / "learner.checkpoint", {"step": 2})
    return folder


READERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "the graph": ("graph.json", Graph.of_run),
    "what is evaluated": ("graph.json", lambda folder: task_of(folder).env),
    "where a log is": ("graph.json", lambda folder: logs.find("learner", str(folder))),
    "whether a run is over": ("report.json", launching._over),
    "whether a recording was interrupted": ("report.json", lambda folder: was_interrupted(folder / "recording.mcap")),
    "the name of a run": ("run.json", run.name_of),
    "a checkpoint": (
        "checkpoints/learner.checkpoint",
        lambda folder: checkpoint.load(folder / "checkpoints" / "learner.checkpoint"),
    ),
}


@pytest.mark.parametrize("what", READERS)
def test_a_damaged_file_of_a_runs_folder_is_refused_by_a_sentence_or_read_as_it_was(described, what, capfd):
    name, read = READERS[what]
    path, rng = described / name, random.Random(what)
    whole, right, refusals = path.read_bytes(), read(described), list[str]()
    former = {"step": 1} if "checkpoint" in name else right  # its predecessor is whole
    try:
        for variant in variants(whole, rng):
            path.write_bytes(variant)
            try:
                found = read(described)
            except Refusal as refusal:
                refusals.append(str(refusal))
            else:
                assert found in (right, former) or variant == b"{}"
    finally:
        path.write_bytes(whole)
    said = capfd.readouterr().err
    assert all("\n" not in refusal and len(refusal) < 500 for refusal in refusals)
    assert len(refusals) > 50 or "this file is damaged" in said or "checkpoint" in name


def test_a_checkpoint_that_is_damaged_with_its_predecessor_is_refused_by_a_sentence(described):
    kept = {path: path.read_bytes() for path in (described / "checkpoints").iterdir()}
    try:
        for path in kept:
            path.write_bytes(b"")
        done = cli("launch", "--resume", described)
    finally:
        for path, data in kept.items():
            path.write_bytes(data)
    assert done.returncode == 2 and "both damaged" in done.stderr and "Traceback" not in done.stderr, done.stderr


@pytest.mark.slow
def test_a_damaged_file_of_one_run_hides_no_other_run(described, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(private, "places", lambda: [tmp_path])
    damaged = tmp_path / "damaged"
    for folder in (described, damaged):
        folder.mkdir(exist_ok=True)
        registry.note(folder, sockets := registry.enter(folder.name, folder, b"secret"), os.getpid(), {})
        assert sockets.is_dir()
    (damaged / "graph.json").write_bytes((described / "graph.json").read_bytes())
    assert len(registry.runs()) == 2
    for name in ("processes.json", "graph.json"):
        whole = (damaged / name).read_bytes()
        for variant in variants(whole, random.Random(name)):
            (damaged / name).write_bytes(variant)
            assert described in [found.run_dir for found in registry.runs()]
        (damaged / name).write_bytes(whole)
    assert f"{damaged / 'processes.json'}: this file is damaged" in capfd.readouterr().err


@pytest.mark.parametrize("left", [0, 1, 30, 60, 90])
def test_a_resume_leaves_whole_lines_of_the_metrics_and_no_holes(tmp_path, left, capfd):
    report = Report()
    report.run_dir = tmp_path
    list(report.start())
    for rollout in range(3):
        report.hear(Metrics(rollout, 0, {"loss": 0.5}))
    state = report.state()
    path = tmp_path / "metrics.jsonl"
    whole = path.read_bytes()
    for written in (whole[:left], whole + b'{"rollout": 3}\n{"roll'):  # lost, or of after the checkpoint
        path.write_bytes(written)
        again = Report()
        again.run_dir = tmp_path
        again.load(state)
        again.hear(Metrics(3, 0, {"loss": 0.5}))
        rows = [json.loads(line)["rollout"] for line in path.read_text().splitlines()]
        lines = written[: len(whole)].count(b"\n")
        assert rows == [*range(lines), 3]
    assert ("metrics.jsonl has lost" in capfd.readouterr().err) == (left < len(whole))


@pytest.mark.parametrize(
    "file, change, why",
    [
        ("report.json", {"exit_code": 0}, "this run has finished"),
        ("run.json", {"checkpoints": None}, "another version of tutelage made this run"),
    ],
)
def test_a_run_that_is_over_or_of_another_version_is_not_resumed(described, file, change, why):
    path = described / file
    whole = path.read_bytes()
    durable.write_json(path, durable.read_json(path) | change)
    with pytest.raises(Refusal, match=why):
        launching.resume(str(described))
    path.write_bytes(whole)


def test_a_run_that_had_not_begun_when_it_was_cut_off_is_not_resumed_but_can_be_started(tmp_path):
    run_folder.prepare(tmp_path / "run")
    run.describe(launching.graph("gail.yaml", []), tmp_path / "run")
    (tmp_path / "run" / "run.json").unlink()
    with pytest.raises(Refusal, match=r"had not begun .* start it by `.*launch .*/run/launch.yaml`"):
        launching.resume(str(tmp_path / "run"))
