"""The weights in a run's folder: the final ones, or those so far of a run that has not reached its end."""

from __future__ import annotations

from pathlib import Path

from tutelage.files import durable
from tutelage.files.rows import naming

FINAL, INTERIM = "weights.safetensors", "weights.interim.safetensors"


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


def _write(path: Path, weights: bytes) -> None:
    with naming(path):
        durable.write(path, weights)
