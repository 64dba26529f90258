"""Numbers that are computed in a fork."""

import os
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest

from tutelage.tasks.aside import aside


def test_numbers_come_from_another_process():
    here = os.getpid()
    found = aside(lambda: np.array([os.getpid() != here, 0.5]))
    assert found().tolist() == [1.0, 0.5]


def test_an_error_there_is_raised_here():
    found = aside(lambda: np.array([1]) / (1 // 0))
    with pytest.raises(ZeroDivisionError):
        found()


def test_a_fork_that_is_killed_is_replaced():
    here = os.getpid()

    def compute() -> np.ndarray:
        if os.getpid() != here:
            os.kill(os.getpid(), 9)
        return np.array([2.0])

    assert aside(compute)().tolist() == [2.0]


FOREVER = """
import os, socket, time
from tutelage.tasks.aside import aside

server = socket.create_server(("127.0.0.1", 0))
port = server.getsockname()[1]

def compute():
    print(port, os.getpid(), flush=True)
    time.sleep(1e6)

found = aside(compute)
found()
"""


def test_a_fork_ends_with_its_process_and_holds_none_of_its_files():
    process = subprocess.Popen([sys.executable, "-c", FOREVER], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    port, fork = map(int, process.stdout.readline().split())
    os.kill(fork, signal.SIGSTOP)  # it cannot end: all that it holds, it holds on
    process.kill()
    process.wait()
    try:
        socket.create_server(("127.0.0.1", port)).close()
    finally:
        os.kill(fork, signal.SIGCONT)
    assert process.stdout.read() == ""  # until the fork has ended, too
    process.stdout.close()
