"""A script as a process of its own, forked from one that has loaded torch: a fresh one takes two seconds for that alone.

Nothing of ours is loaded before it begins.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["torch", "torch.optim", "gymnasium", "zmq", "rich.live", "safetensors.torch", "click"])


class Forked:
    """A running script, asked as a subprocess.Popen is. It leads a session; a terminal as a stream becomes that one's."""

    def __init__(
        self,
        script: Path,
        words: Sequence[str],
        streams: Sequence[Path],
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        where, variables = cwd or Path.cwd(), dict(environment or os.environ)
        self._process = _context.Process(target=_run, args=(script, words, streams, where, variables), daemon=True)
        self._process.start()
        self.pid: int = self._process.pid or 0

    def poll(self) -> int | None:
        return self._process.exitcode

    returncode = property(poll)

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        if self.poll() is None:
            self.send_signal(signal.SIGKILL)


def _run(
    script: Path, words: Sequence[str], streams: Sequence[Path], cwd: Path, environment: Mapping[str, str]
) -> None:
    os.setsid()
    for number, (stream, mode) in enumerate(zip(streams, (os.O_RDWR, *[os.O_RDWR | os.O_APPEND] * 2), strict=True)):
        os.dup2(os.open(stream, mode), number)
    for number, name in enumerate(("stdin", "stdout", "stderr")):  # those of before know what the old files could
        file = os.fdopen(number, "r" if number == 0 else "w", closefd=False)
        setattr(sys, name, file)
        setattr(sys, f"__{name}__", file)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    ours = (ROOT, ROOT / "examples" / "balance")  # pytest's `pythonpath`
    sys.path[:] = [str(script.parent), *(path for path in sys.path if Path(path) not in ours), str(ROOT)]  # tests.parts
    sys.argv = [str(script), *words]
    runpy.run_path(str(script), run_name="__main__")
