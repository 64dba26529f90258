"""The folder of a run's sockets: locked while the launcher lives, removed by it or by the sweeper."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
from collections.abc import Collection, Iterable
from pathlib import Path

from tutelage.supervision import child, leftovers, registry, sweeper
from tutelage.supervision.child import Child
from tutelage.transport.sockets import address


class SocketFolder:
    """The folder of a run's sockets, and its sweeper.

    Raises:
        OSError, Refusal: the folder cannot be made, or the sweeper cannot be started.
    """

    def __init__(self, run: str, run_dir: Path, secret: bytes = b"") -> None:
        leftovers.sweep_all()
        self.secret = secret or secrets.token_bytes(32)
        self.path = registry.enter(run, run_dir, self.secret)
        self._log = run_dir / "logs" / "sweeper.log"
        try:
            self._lock = leftovers.hold(self.path)
            self.sweeper = self._start_sweeper(())
        except OSError:
            shutil.rmtree(self.path, ignore_errors=True)
            raise

    def _start_sweeper(self, children: Collection[Child]) -> Child:
        """Starts a sweeper, which knows the processes that run already."""
        running = {node.pid for node in children}
        return child.fork("sweeper", lambda line: sweeper.sweep(line, self.path, running), self._log, children)

    def look(self, children: Collection[Child]) -> None:
        """Restarts the sweeper if it was killed."""
        if self.sweeper.exit_status() is not None:
            self.sweeper.lifeline.close()
            self.sweeper = self._start_sweeper(children)

    def lacks(self, nodes: Iterable[str]) -> bool:
        """Whether the socket of one of these nodes is gone."""
        addresses = [address(self.path, name, "links") for name in nodes]
        return not all(Path(where.removeprefix("ipc://")).exists() for where in addresses)

    def close(self, children: Collection[Child]) -> None:
        """Removes the folder; if `children` are still there, the sweeper waits for them and removes it."""
        os.close(self._lock)  # it marks this process, and the sweeper kills all processes that bear the run's mark
        self.sweeper.lifeline.close()
        if not children:
            self.sweeper.kill(signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):  # it has been waited for already
                os.waitpid(self.sweeper.pid, 0)
            leftovers.end(self.path)
            shutil.rmtree(self.path, ignore_errors=True)
