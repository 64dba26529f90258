"""What a shell offers at the Tab key: asked as the shells ask, and in shells at a real pseudo-terminal."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte
import pytest

from tests.parts.run_cli import CLI, cli
from tests.tutelage.test_supervisor import launch, until_running
from tutelage.supervision import registry

PROGRAM = f"""#!{sys.executable}
from tutelage.cli import main
main(prog_name="tutelage")
"""


@pytest.fixture(scope="module")
def bin_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the command as it is installed."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "tutelage").write_text(PROGRAM)
    (folder / "tutelage").chmod(0o755)
    return folder


def environment(bin_folder: Path) -> dict[str, str]:
    return os.environ | {"PATH": f"{bin_folder}:{os.environ['PATH']}", "PYTHONPATH": str(CLI.parent)}


def offered(bin_folder: Path, folder: Path, *words: str) -> list[str]:
    """The words that are offered for the last one, each as the shells get it: without its description."""
    asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": words[-1], "_TUTELAGE_COMPLETE": "fish_complete"}
    done = subprocess.run(["tutelage"], env=environment(bin_folder) | asked, cwd=folder, capture_output=True, text=True)
    assert done.stderr == ""
    return [line.partition(",")[2].partition("\t")[0] for line in done.stdout.splitlines() if line]


def lay(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()


def test_verbs_options_launch_files_and_arguments(bin_folder: Path, tmp_path: Path) -> None:
    lay(tmp_path, "mine/own.yaml", "mine/notes.txt", "own.yaml", ".hidden.yaml")
    for words, answer in [
        (("tutelage", "verif"), ["verify"]),
        (("tutelage", "topic", "h"), ["hz"]),
        (("tutelage", "topic", "echo", "--fi"), ["--field"]),
        (("tutelage", "launch", "gai"), ["gail.yaml"]),
        (("tutelage", "launch", "mine/"), ["mine/own.yaml"]),
        (("tutelage", "launch", "own"), ["own.yaml"]),
        (("tutelage", "launch", "gail.yaml", "lag:=1", "la"), []),
        (("tutelage", "launch", "gail.yaml", "lag:=1", "se"), ["seed:=", "settings:="]),
        (("tutelage", "launch", "gail.yaml", "reward:=lo"), ["reward:=logit", "reward:=log_d"]),
        (("tutelage", "launch", "gail.yaml", "live:="), ["live:=true", "live:=false"]),
        (("tutelage", "launch", "gail.yaml", "demonstrations:=mi"), ["demonstrations:=mine/"]),
        (("tutelage", "launch", "gail.yaml", "nothing:="), []),
        (("tutelage", "launch", "nothing.yaml", "se"), []),
        (("tutelage", "launch", "--resume", "runs/one", ""), ["budget:="]),
        (("tutelage", "doctor", "cartpole_s"), ["cartpole_serial.yaml"]),
        (("tutelage", "completion", "z"), ["zsh"]),
    ]:
        assert offered(bin_folder, tmp_path, *words) == answer, words
    everything = offered(bin_folder, tmp_path, "tutelage", "launch", "")
    assert {"gail.yaml", "own.yaml", "mine/"} <= set(everything) and ".hidden.yaml" not in everything


def test_runs_are_offered_the_newest_first(bin_folder: Path, tmp_path: Path) -> None:
    for i, name in enumerate(("b", "a", "c")):
        lay(tmp_path, f"runs/{name}/graph.json")
        os.utime(tmp_path / "runs" / name, (i, i))
    lay(tmp_path, "runs/none/notes.txt")
    for verb in ("verify", "evaluate", "plot", "dashboard"):
        assert offered(bin_folder, tmp_path, "tutelage", verb, "")[:3] == ["runs/c", "runs/a", "runs/b"], verb
    assert offered(bin_folder, tmp_path, "tutelage", "launch", "--resume", "runs/b") == ["runs/b", "runs/b/"]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No other run is seen. The folder's path is short, as those of sockets must be."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield


def test_nodes_and_topics_are_those_of_the_running_graph(bin_folder: Path, tmp_path: Path, alone: None) -> None:
    assert offered(bin_folder, tmp_path, "tutelage", "node", "info", "") == []
    run = launch(tmp_path, clock="Clock {count: 1000000}", follower="Follower")
    until_running(run, 2)
    run.until(lambda: bool(registry.runs()))
    try:
        for words, answer in [
            (("node", "info", ""), ["clock", "follower"]),
            (("param", "set", "c"), ["clock"]),
            (("param", "get", "clock", ""), ["count"]),
            (("topic", "hz", "n"), ["number"]),
            (("topic", "find", "N"), ["Number"]),
            (("topic", "echo", "status", "--run", ""), ["run"]),
            (("topic", "hz", "--run", str(run.run_dir), "nu"), ["number"]),
            (("topic", "hz", "--run", "another", ""), []),
        ]:
            assert offered(bin_folder, tmp_path, "tutelage", *words) == answer, words
    finally:
        os.kill(run.process.pid, signal.SIGINT)
        run.wait()


HEAVY = """
import sys, cli
try:
    cli.main(prog_name="tutelage")
except SystemExit:
    print(sorted({"numpy", "gymnasium", "zmq", "torch"} & sys.modules.keys()), file=sys.stderr)
"""


def test_arguments_are_offered_without_anything_heavy() -> None:
    asked = {"COMP_WORDS": "tutelage launch gail.yaml se", "COMP_CWORD": "se", "_TUTELAGE_COMPLETE": "fish_complete"}
    command = [sys.executable, "-c", HEAVY]
    done = subprocess.run(command, cwd=CLI.parent, env=os.environ | asked, capture_output=True, text=True, timeout=60)
    assert done.stderr == "[]\n" and "seed:=" in done.stdout


SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "PS1='ready> '", 'eval "$(tutelage completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], "PS1='ready> '; autoload -Uz compinit; compinit -D", 'eval "$(tutelage completion zsh)"'),
    "fish": (["fish", "--no-config"], "function fish_prompt; echo 'ready> '; end", "tutelage completion fish | source"),
}  # fmt: skip


class Terminal:
    """A terminal of 100 columns, and what is typed and seen there."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.screen = pyte.Screen(100, 60)
        threading.Thread(target=self._read, args=(pyte.ByteStream(self.screen),), daemon=True).start()

    def _read(self, stream: pyte.ByteStream) -> None:
        try:
            while data := os.read(self.descriptor, 65536):
                stream.feed(data)
        except OSError:  # the shell has ended
            return

    def type(self, keys: str) -> None:
        os.write(self.descriptor, keys.encode())

    def sees(self, text: str) -> None:
        deadline = time.monotonic() + 30
        while text not in "\n".join(self.screen.display):
            assert time.monotonic() < deadline, "\n".join(filter(str.strip, self.screen.display))
            time.sleep(0.02)


@contextmanager
def shell(words: list[str], variables: dict[str, str], folder: Path) -> Iterator[Terminal]:
    pid, descriptor = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe(words[0], words, variables)
    try:
        yield Terminal(descriptor)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(descriptor)


@pytest.mark.parametrize("name", SHELLS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of a fork beside threads: the child only becomes the shell
def test_a_shell_completes_a_launch_by_tabs(bin_folder: Path, tmp_path: Path, name: str) -> None:
    """Three words, each begun and ended by Tab; no space may come between `absorbing:=` and its value."""
    command, prepare, switch_on = SHELLS[name]
    if not shutil.which(command[0]):
        pytest.skip(f"{name} is not installed")
    variables = environment(bin_folder) | {"TERM": "xterm", "HOME": str(tmp_path)}
    with shell(command, variables, tmp_path) as terminal:
        terminal.type(f"{prepare}\r")
        terminal.sees("\nready>")
        terminal.type(f"{switch_on}; echo switched on | tr a-z A-Z\r")
        terminal.sees("SWITCHED ON")
        for keys, seen in [
            ("tutelage lau\t", "tutelage launch "),
            ("gai\t", "launch gail.yaml"),
            ("abso\t", "gail.yaml absorbing:="),
            ("fal\t", "absorbing:=false"),
        ]:
            terminal.type(keys)
            terminal.sees(seen)
        terminal.type("\x01echo said \r")
        terminal.sees("\nsaid tutelage launch gail.yaml absorbing:=false")


def test_it_says_how_it_is_switched_on() -> None:
    assert 'eval "$(tutelage completion bash)"' in cli("completion", "--help").stdout
