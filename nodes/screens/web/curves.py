"""The measurements of a run, for its curves."""

from __future__ import annotations

import json
from pathlib import Path

from tutelage.tasks.measured import STEPS
from tutelage.teaching.progress import COURSE_VALUES, Course

RETURNS = ("rollout/ep_rew_mean", "eval/mean_reward")
DRAWN = ("rollout/", "eval/", "discriminator/", "train/", "bc/", "dagger/")


Points = list[tuple[float, float]]


class Measured:
    """The measurements in a run's metrics.jsonl, read as they come.

    Attributes:
        courses: (environment steps, value) by name; rollouts in a run without steps, for example bc.yaml.
        damaged: lines that are left out because they cannot be read.
    """

    def __init__(self, path: Path, most: int = COURSE_VALUES) -> None:
        """Of each measurement it keeps less than `most` points."""
        self.path, self.most = path, most
        self._begin()

    def _begin(self) -> None:
        """Nothing is read yet."""
        self.courses: dict[str, Course[tuple[float, float]]] = {}
        self.last: dict[str, tuple[float, float]] = {}
        self.damaged = 0
        self._read, self._each = 0, 0.0  # bytes; environment steps of a rollout, once they are known

    def update(self) -> None:
        """Reads what is new, without damaged lines. A restarted report cuts the file: then all is read anew."""
        if not self.path.exists():
            return
        if self.path.stat().st_size < self._read:
            self._begin()
        with self.path.open("rb") as file:
            file.seek(self._read)
            whole = file.read().rpartition(b"\n")[0]
        self._read += len(whole) + 1 if whole else 0
        for line in whole.splitlines():
            try:
                self._add(json.loads(line))
            except ValueError:
                self.damaged += 1

    def _add(self, row: dict[str, float]) -> None:
        rollouts = row.get("rollout", 0) + 1
        if STEPS in row and not self._each:
            self._each = row[STEPS] / rollouts
            for course in self.courses.values():
                course.values = [(x * self._each, y) for x, y in course.values]
            self.last = {name: (x * self._each, y) for name, (x, y) in self.last.items()}
        x = row.get(STEPS, rollouts * (self._each or 1))
        for name, value in row.items():
            if name.startswith(DRAWN) and isinstance(value, int | float):
                self.last[name] = (x, value)
                self.courses.setdefault(name, Course(self.most)).add(self.last[name])

    def points(self, name: str) -> Points:
        """The points of a measurement that are kept, and the newest one."""
        kept, newest = self.courses[name].values, self.last[name]
        return [*kept, newest] if kept[-1] != newest else [*kept]
