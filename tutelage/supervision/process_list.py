"""The list of a run's processes in its folder, for observers (`processes.json`)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tutelage.supervision import registry
from tutelage.supervision.background import BackgroundWriter
from tutelage.supervision.child import Child
from tutelage.supervision.reports import Reports


class ProcessList:
    """Writes the list whenever it has changed."""

    def __init__(self, run_dir: Path, reports: Reports, writer: BackgroundWriter) -> None:
        self.run_dir, self.reports, self.writer = run_dir, reports, writer
        self._listed: tuple[dict[str, dict[str, Any]], bool] = {}, False

    def write(self, children: Mapping[str, Child], sockets: Path, lifelines: Iterable[Child]) -> None:
        """Writes it if it has changed."""
        restarts, ended = self.reports.outcome.restarts, self.reports.ended
        listed = {
            name: {"pid": node.pid, "restarts": restarts.get(name, 0), "ended": name in ended}
            for name, node in children.items()
        }
        if (listed, self.reports.begun) != self._listed:
            self._listed = listed, self.reports.begun
            body = partial(registry.note, self.run_dir, sockets, os.getpid(), *self._listed)
            self.writer.write("the list of the run's processes", body, lifelines)
