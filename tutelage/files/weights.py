"""The weights in a run's folder: the final ones, those so far, and those of earlier versions; and recovered rewards."""

from __future__ import annotations

from pathlib import Path

from tutelage.files import durable
from tutelage.files.rows import naming
from tutelage.input.problems import complain
from tutelage.memory import Memory

FINAL, INTERIM, FORMER = "weights.safetensors", "weights.interim.safetensors", "weights.former.safetensors"

REWARD, INTERIM_REWARD = "reward.safetensors", "reward.interim.safetensors"
FORMER_REWARD = "reward.former.safetensors"

DISCRIMINATOR = "discriminator.safetensors"

KEPT, BEST = "kept", "best"
"""The folder of versions that were kept on request, and the name of the best evaluated one."""


def write_final(run: Path, weights: bytes) -> None:
    """Writes the final weights, and removes the interim ones.

    Raises:
        OSError: there is no room; names the file.
    """
    _write(run / FINAL, weights)
    (run / INTERIM).unlink(missing_ok=True)


def write_interim(run: Path, weights: bytes) -> None:
    """Writes the weights so far. Raises as `write_final` does."""
    _write(run / INTERIM, weights)


def set_aside(run: Path) -> None:
    """Keeps the final weights, and a recovered reward, as the former ones, when a run is extended."""
    for final, former in ((FINAL, FORMER), (REWARD, FORMER_REWARD)):
        if (run / final).exists():
            (run / final).replace(run / former)


class Kept(Memory):
    """The files that a node keeps in the run's folder KEPT. Those that cannot be written yet wait, by their names."""

    keeps = ("waiting",)

    def __init__(self) -> None:
        self.waiting: dict[str, bytes] = {}

    def add(self, run: Path, name: str, file: bytes) -> None:
        """Writes a file, and those that wait. If there is no room, for example, it says so, and they wait."""
        waited = bool(self.waiting)
        self.waiting[name] = file
        try:
            self.write(run)
        except OSError as error:
            if not waited:
                complain(f"not written yet: {error}")

    def read(self, run: Path, name: str) -> bytes:
        """The newest file of this name; empty if there is none."""
        path = run / KEPT / name
        return self.waiting.get(name) or (path.read_bytes() if path.is_file() else b"")

    def write(self, run: Path) -> None:
        """Writes the files that wait. Raises as `write_final` does."""
        for name in list(self.waiting):
            with naming(run / KEPT / name):
                durable.make_folder(run / KEPT)
                durable.write(run / KEPT / name, self.waiting[name])
            del self.waiting[name]


def _write(path: Path, weights: bytes) -> None:
    with naming(path):
        durable.write(path, weights)
