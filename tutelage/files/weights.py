"""The weights in a run's folder: the final ones, those so far, and those of earlier versions."""

from __future__ import annotations

from pathlib import Path

from tutelage.files import durable
from tutelage.files.rows import naming

FINAL, INTERIM, FORMER = "weights.safetensors", "weights.interim.safetensors", "weights.former.safetensors"

REWARD, FORMER_REWARD = "reward.safetensors", "reward.former.safetensors"

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


def keep(run: Path, name: int | str, weights: bytes) -> None:
    """Writes the weights of a version, by its number, or the BEST ones."""
    durable.make_folder(run / KEPT)
    durable.write(run / KEPT / (f"{name:06}.safetensors" if isinstance(name, int) else f"{name}.safetensors"), weights)


def _write(path: Path, weights: bytes) -> None:
    with naming(path):
        durable.write(path, weights)
