"""A node's process computes with one thread: a second one of numpy's BLAS waits busily and takes a core from others."""

import os
import subprocess
import sys

import pytest

from tests.parts.run_cli import CLI

THREADS = (
    "import cli, numpy, psutil; numpy.ones((500, 500)) @ numpy.ones((500, 500)); print(psutil.Process().num_threads())"
)


@pytest.mark.skipif(os.cpu_count() == 1, reason="numpy takes one thread for each core")
def test_numpy_computes_with_one_thread_under_the_command_line() -> None:
    theirs = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    command = [sys.executable, "-c", THREADS]
    done = subprocess.run(command, cwd=CLI.parent, env=theirs, capture_output=True, text=True, timeout=60)
    assert done.stdout == "1\n", done.stderr
