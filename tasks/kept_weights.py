"""Weights that a run keeps on the way to its final ones: by version, `kept/000040.safetensors`, and the best."""

from __future__ import annotations

from pathlib import Path

from tutelage.files import durable

FOLDER, BEST = "kept", "best"


def keep(run: Path, name: int | str, file: bytes) -> None:
    """Writes the weights of a version, or the BEST evaluated ones, into the folder of a run."""
    durable.make_folder(run / FOLDER)
    durable.write(run / FOLDER / (f"{name:06}.safetensors" if isinstance(name, int) else f"{name}.safetensors"), file)
