"""The keys of machines that Ray has chosen. They are in the run's socket folder, and count for this run alone.

A machine's next life has another key, and from then on the door hears nobody with the former.
"""

from __future__ import annotations

import os
from pathlib import Path

SUFFIX = ".machine"


def admit(folder: Path, host: str, public: str) -> None:
    """Lets the life of a machine in that has this public key, and its earlier lives no more."""
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
