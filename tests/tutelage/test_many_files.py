"""A process with more than 1024 open files: what it waits for can have any number."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tutelage.lifeline import Lifeline
from tutelage.supervision import limits
from tutelage.supervision.socket_folder import SocketFolder


@pytest.fixture(autouse=True)
def many_files() -> Iterator[None]:
    """All files that are opened from now on have higher numbers."""
    limits.raise_files(nodes=150)
    opened = [open(__file__) for _ in range(1024)]  # noqa: SIM115
    yield
    for file in opened:
        file.close()


def test_an_order_comes() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        lifeline = Lifeline(theirs, begun=True)
        assert theirs.fileno() >= 1024 and not lifeline.wait(0)
        ours.send(b"release\n")
        assert lifeline.wait(10)


def test_a_sweeper_keeps_its_list_and_removes_the_sockets(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    sockets = SocketFolder("run", tmp_path)
    assert sockets.sweeper.lifeline.fileno() >= 1024
    sockets.close([sockets.sweeper])  # it is left to the sweeper
    deadline = time.monotonic() + 20
    while sockets.path.exists():
        assert time.monotonic() < deadline, (tmp_path / "logs" / "sweeper.log").read_text()
        time.sleep(0.01)
    assert os.waitpid(sockets.sweeper.pid, 0)[1] == 0
