"""Folders that only this user can enter: any program that can put a socket there can pass for a node."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from tutelage.input.problems import Problem, Refusal

OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
OTHERS_MAY_ANYTHING = stat.S_IRWXG | stat.S_IRWXO


def places() -> list[Path]:
    """The places for this user's sockets, the best first.

    These are XDG_RUNTIME_DIR, if it is private, and the folder for temporary files, which other users can write to.
    macOS's own is so long that few bytes are left for the path of a socket: there it is /tmp.
    """
    given = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    temporary = tempfile.gettempdir()
    shared = Path("/tmp" if temporary.startswith("/var/folders/") else temporary) / f"tutelage-{os.getuid()}"
    return [given / "tutelage", shared] if given.is_absolute() and _is_ours_alone(given) else [shared]


def _is_ours_alone(folder: Path) -> bool:
    try:
        found = folder.stat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & OTHERS_MAY_ANYTHING


def made(folder: Path) -> Path:
    """A private folder; it is made if it is missing.

    Raises:
        Refusal: it belongs to another user, others can write to it or replace it, or it is a link or no folder.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    check(folder)
    return folder


def check(folder: Path) -> None:
    """Raises Refusal if a folder is not private. If others can only read it, it is closed to them."""
    found, parent = folder.lstat(), folder.parent.stat()
    wrong = _wrong(found) or _wrong_around(parent)
    if wrong:
        what = f"this user's sockets would be here, but {wrong}; set TMPDIR or XDG_RUNTIME_DIR to a folder of your own"
        raise Refusal([Problem(folder, what)])
    if found.st_mode & OTHERS_MAY_ANYTHING:
        folder.chmod(0o700)


def _wrong(found: os.stat_result) -> str:
    if stat.S_ISLNK(found.st_mode):
        return "it is a link, which may lead anywhere"
    if not stat.S_ISDIR(found.st_mode):
        return "it is not a folder"
    if found.st_uid != os.getuid():
        return f"it belongs to user {found.st_uid}"
    return "other users may write to it" if found.st_mode & OTHERS_MAY_WRITE else ""


def _wrong_around(parent: os.stat_result) -> str:
    """Why other users could rename what is in this folder, or nothing."""
    if parent.st_uid not in (0, os.getuid()):
        return f"the folder around it belongs to user {parent.st_uid}"
    shared = parent.st_mode & OTHERS_MAY_WRITE and not parent.st_mode & stat.S_ISVTX
    return "other users may rename what is in the folder around it" if shared else ""


def state() -> Path:
    """The folder of this user's keys on this machine; it may not be there yet."""
    given = os.environ.get("XDG_STATE_HOME", "")
    return (Path(given) if given.startswith("/") else Path(os.path.expanduser("~/.local/state"))) / "tutelage"
