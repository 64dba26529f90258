"""What a system may lack when a run begins: each is said in a sentence, and leaves no folder behind."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.disks import disk
from tests.parts.run_cli import CLI, cli
from tests.tutelage.test_supervisor import write_graph

PIDS = Path("/sys/fs/cgroup/pids")


def launched(folder: Path, before: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A run that is begun by a shell which first does something else."""
    write_graph(folder, counter="Counter", adder="Adder")
    command = f"{before} && exec {sys.executable} {CLI} launch graph.yaml --run-dir run"
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


def test_too_few_open_files(tmp_path: Path) -> None:
    done = launched(tmp_path, "ulimit -n 12")
    assert done.returncode == 2 and "this graph needs 80: raise the limit" in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_soft_limit_of_open_files_is_raised(tmp_path: Path) -> None:
    done = launched(tmp_path, "ulimit -S -n 40")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "sum").read_text() == "1000 499500"


@pytest.fixture
def processes() -> Iterator[Path]:
    """A control group, whose number of processes is limited."""
    group = PIDS / f"tutelage-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        pytest.skip("only root can limit the number of processes, by control groups of version 1")
    yield group
    group.rmdir()


@pytest.mark.parametrize("number", [1, 2])  # with more it depends on the moment who gets none
def test_too_few_processes(tmp_path: Path, processes: Path, number: int) -> None:
    (processes / "pids.max").write_text(str(number))
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        done = launched(tmp_path, f"echo $$ > {processes}/cgroup.procs", TMPDIR=folder, XDG_RUNTIME_DIR=folder)
        assert list(Path(folder).glob("*/*")) == []
    assert done.returncode == 2, done.stdout
    assert "does not let the run begin: [Errno 11] Resource temporarily unavailable" in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_folder_of_sockets_that_cannot_be_made(tmp_path: Path) -> None:
    folder = tmp_path / "tmp"
    folder.mkdir()
    (folder / f"tutelage-{os.getuid()}").touch()
    done = launched(tmp_path, "true", TMPDIR=str(folder), XDG_RUNTIME_DIR=str(folder))
    assert done.returncode == 2 and str(folder) in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_disk_without_room(tmp_path: Path) -> None:
    (small := tmp_path / "small").mkdir()
    with disk(small, "1m"):
        for words in (["--run-dir", "small/run"], ["--run-dir", "small"]):
            write_graph(tmp_path, counter="Counter", adder="Adder")
            done = cli("launch", "graph.yaml", *words, cwd=tmp_path)
            assert done.returncode == 2 and "MB are free there, 64 MB are needed: free some" in done.stderr
            assert list(small.iterdir()) == []


def test_a_file_of_a_run_that_cannot_be_written(tmp_path: Path) -> None:
    (in_the_way := tmp_path / "run" / "graph.json").mkdir(parents=True)
    write_graph(tmp_path, counter="Counter", adder="Adder")
    done = cli("launch", "graph.yaml", "--run-dir", "run", cwd=tmp_path)
    assert done.returncode == 2 and "the run's folder cannot be used" in done.stderr
    assert list((tmp_path / "run").iterdir()) == [in_the_way]


def test_a_runs_folder_that_cannot_be_written(tmp_path: Path) -> None:
    write_graph(tmp_path, counter="Counter", adder="Adder")
    done = launched(tmp_path, "true")
    (tmp_path / "run" / "report.json").unlink()
    with disk(tmp_path / "run", "1m"):  # as if it were another machine's
        done = cli("launch", "--resume", "run", cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    bind = subprocess.run(["mount", "--bind", "run", "run"], cwd=tmp_path, capture_output=True)
    if bind.returncode:
        pytest.skip("only root can make a folder that root cannot write")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", "run"], cwd=tmp_path, check=True)
        done = cli("launch", "--resume", "run", cwd=tmp_path)
    finally:
        subprocess.run(["umount", "--lazy", tmp_path / "run"], check=True)
    assert done.returncode == 2 and "cannot be written" in done.stderr and "Traceback" not in done.stderr
