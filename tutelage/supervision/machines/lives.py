"""The lives of a machine that Ray chooses: when one is gone, the next begins on this or another machine.

Each life has a key, which counts for this run alone, and the folder of checkpoints of the life before, renamed. So one
that was thought dead and comes back can do no harm: the door does not hear it, and since it can save no checkpoint, it
acknowledges nothing, and leaves no files when it is ended. What it may still say is what the next life says, too, under
the same numbers. Nodes that write results in the run's folder as they go have no fence but this: they are never placed
(`Node.writes`). The file system must show the other machines a rename at once (docs/machines.md).
"""

from __future__ import annotations

import os
from pathlib import Path

from tutelage.files import durable

SUFFIX = ".machine"


def admit(folder: Path, host: str, public: str) -> None:
    """Lets in the life of a machine that has this public key, and its earlier lives no more.

    Args:
        folder: the run's socket folder.
    """
    fresh = folder / f"{host}{SUFFIX}.new"
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(public)
    fresh.replace(folder / f"{host}{SUFFIX}")


def key_of(folder: Path, host: str) -> str:
    """The public key of a machine's newest life; empty if Ray did not choose that machine."""
    path = folder / f"{host}{SUFFIX}"
    return path.read_text() if path.exists() else ""


def name_of(folder: Path, public: str) -> str:
    """The name of the machine that has a public key, and the key, which says which life; empty if there is none."""
    hosts = [path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}")]
    return next((f"{host} {public}" for host in hosts if key_of(folder, host) == public), "")


def checkpoints(run_dir: Path, host: str) -> str:
    """Makes the folder of checkpoints of a machine's next life, in a run's folder; returns its name there."""
    folder = run_dir / "checkpoints"
    lives = [int(path.suffix[1:]) for path in folder.glob(f"{host}.*") if path.suffix[1:].isdecimal()]
    last = max(lives, default=0)
    ours = folder / f"{host}.{last + 1}"
    (folder / f"{host}.{last}").rename(ours) if lives else ours.mkdir()
    for unfinished in ours.rglob("*.new"):  # the former life may have it open, and go on writing
        unfinished.unlink()
    durable.flush_folder(folder)
    return str(ours.relative_to(run_dir))
