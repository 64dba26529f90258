"""Another machine: a network namespace, with a cable that can be cut. Needs root."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.parts.run_cli import CLI, cli
from tests.parts.waiting import exists

NEAR, FAR = "10.77.9.1", "10.77.9.2"
"""The addresses of this machine and of the other one, on the cable between them."""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Machine:
    """The other machine, named `far` by this one. Its files are in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.space = folder / "far", f"far{os.getpid()}"
        self.folder.mkdir()
        self.public = ""
        self._joined: list[subprocess.Popen[bytes]] = []

    def connect(self) -> None:
        ours, theirs = f"n{os.getpid()}", f"f{os.getpid()}"
        ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", self.space)
        ip("address", "add", f"{NEAR}/24", "dev", ours)
        ip("link", "set", ours, "up")
        for words in (("address", "add", f"{FAR}/24", "dev", theirs), ("link", "set", theirs, "up"),
                      ("link", "set", "lo", "up")):  # fmt: skip
            ip("-n", self.space, *words)

    def cut(self, mended: bool = False) -> None:
        """Cuts the cable, or mends it."""
        ip("-n", self.space, "link", "set", f"f{os.getpid()}", "up" if mended else "down")

    @property
    def state(self) -> str:
        """Where its keys are."""
        return str(self.folder / "state")

    def join(self) -> subprocess.Popen[bytes]:
        """`tutelage join` on that machine."""
        command = ["ip", "netns", "exec", self.space, sys.executable, str(CLI), "join", "near", NEAR]
        with (self.folder / "printed.txt").open("ab") as printed:
            environment = os.environ | {"XDG_STATE_HOME": self.state}
            joined = subprocess.Popen(command, cwd=self.folder, stdout=printed, stderr=printed, env=environment)
        self._joined.append(joined)
        return joined

    @property
    def printed(self) -> str:
        return (self.folder / "printed.txt").read_text()

    def processes(self) -> list[int]:
        """All processes on that machine."""
        listed = subprocess.run(["ip", "netns", "pids", self.space], capture_output=True, text=True, check=True).stdout
        return [pid for pid in map(int, listed.split()) if exists(pid)]

    def node(self, name: str) -> int:
        """The process of a node there: the one that has its socket."""
        run = next(Path(self.folder, "runs").iterdir()).name
        found = subprocess.run(["ip", "netns", "exec", self.space, "ss", "-xlpH"], capture_output=True, text=True)
        line = next(line for line in found.stdout.splitlines() if f"{run}-" in line and f"/{name}.links" in line)
        return int(line.partition("pid=")[2].partition(",")[0])

    def leave(self) -> None:
        for joined in self._joined:
            if joined.poll() is None:
                joined.send_signal(signal.SIGTERM)
            joined.wait(20)
        ip("link", "del", f"n{os.getpid()}")
        ip("netns", "del", self.space)


def introduce(far: Machine, *, allowed: bool = True) -> None:
    """Makes keys on both machines; `far` allows ours, and we allow its."""
    ours = cli("keys", "new").stdout.split()[-1]
    theirs = far.public = cli("keys", "new", XDG_STATE_HOME=far.state).stdout.split()[-1]
    assert cli("keys", "allow", "near", ours, XDG_STATE_HOME=far.state).returncode == 0
    if allowed:
        assert cli("keys", "allow", "far", theirs).returncode == 0


@contextmanager
def machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Another machine, for as long as this lasts. Skips the test where there can be none."""
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    made = Machine(folder)
    if os.geteuid() != 0:
        pytest.skip("only root may make network namespaces")
    try:
        ip("netns", "add", made.space)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this system has no network namespaces: {error}")
    made.connect()
    try:
        yield made
    finally:
        made.leave()
