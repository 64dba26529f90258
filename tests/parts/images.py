"""A file system in a file, and a copy of it at a moment: what a power cut would have left. Only root can mount them."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

FICLONE = 0x40049409
MEGABYTES = {"xfs": 320, "ext4": 128}


def make(image: Path, kind: str, megabytes: int) -> None:
    """An empty file system."""
    if os.geteuid() or not shutil.which(f"mkfs.{kind}"):
        pytest.skip(f"only root can mount an image, with mkfs.{kind}")
    image.touch()
    os.truncate(image, megabytes * 2**20)
    options = ["-q", "-F"] if kind == "ext4" else ["-q"]
    subprocess.run([f"mkfs.{kind}", *options, image], check=True)


@contextlib.contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    """The file system in an image, its journal replayed, as a folder."""
    folder.mkdir()
    if subprocess.run(["mount", "-o", "loop,nouuid" if _is_xfs(image) else "loop", image, folder]).returncode:
        pytest.skip("this machine has no loop devices, or not this file system")
    try:
        yield folder
    finally:
        deadline = time.monotonic() + 20  # those who were killed let go of their files a moment later
        while subprocess.run(["umount", folder], capture_output=True).returncode:
            assert time.monotonic() < deadline, f"{folder} is still in use"
            time.sleep(0.05)
        folder.rmdir()


def _is_xfs(image: Path) -> bool:
    with image.open("rb") as file:
        return file.read(4) == b"XFSB"


def cut(image: Path, copy: Path) -> None:
    """What is on the disk at this moment, all of one moment; what the system still holds in memory is not.

    The image lies on a file system that can share blocks, so that its copy is made while nobody writes to it.
    """
    with image.open("rb") as source, copy.open("wb") as target:
        fcntl.ioctl(target.fileno(), FICLONE, source.fileno())
