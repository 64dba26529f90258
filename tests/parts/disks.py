"""Disks that can be filled (only root can mount them; elsewhere the tests that need one are skipped), or watched."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def disk(folder: Path, size: str) -> Iterator[None]:
    """A small disk in the place of a folder."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk can be mounted only by root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(filler: Path) -> None:
    """Takes all the space that there is."""
    for size in (2**20, 4096, 1):
        with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(size))


def disk_steps(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reaches the disk from now on, in order: a `file` or the `folder` is flushed, a file gets its name."""
    done: list[str] = []
    synced, replaced = os.fsync, Path.replace

    def fsync(file: int) -> None:
        done.append("folder" if os.path.samestat(os.fstat(file), folder.stat()) else "file")
        synced(file)

    def replace(old: Path, new: Path) -> Path:
        done.append("rename")
        return replaced(old, new)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    return done
