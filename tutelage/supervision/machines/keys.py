"""The keys of machines: this one's own, and those that it lets in, by name. Only their user can read the files."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import NamedTuple

from tutelage.files import durable
from tutelage.input.problems import Problem, Refusal, did_you_mean
from tutelage.invocation import program
from tutelage.supervision.private import state
from tutelage.transport.curve import Key, is_public

_NAME = re.compile(r"[A-Za-z0-9_-]+")


class Row(NamedTuple):
    """A key, as `keys list` shows it."""

    name: str
    key: str


def rows() -> list[Row]:
    """This machine's key, if it has one, and those that are allowed."""
    ours = [Row("(this machine)", own().public)] if _own().exists() else []
    return ours + [Row(*one) for one in allowed().items()]


def _own() -> Path:
    return state() / "machines/own"


def _allowed() -> Path:
    return state() / "machines/allowed"


def new() -> Key:
    """Makes this machine's key.

    Raises:
        Refusal: there is one already.
    """
    path, key = _own(), Key.new()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        _write(path, "\n".join(key))
    except FileExistsError:
        what = "this machine has a key already, which others may know: to make another, remove this file"
        raise Refusal([Problem(path, what)]) from None
    return key


def own() -> Key:
    """This machine's key.

    Raises:
        Refusal: it has none, others could have read it, or its file is damaged.
    """
    path = _own()
    if not path.exists():
        raise Refusal([Problem(path, f"this machine has no key: make one by `{program()} keys new`")])
    found = path.stat()
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise Refusal([Problem(path, "this key is not yours alone: remove it, and make a new one")])
    halves = path.read_text(errors="replace").split()
    if len(halves) != len(Key._fields) or not all(map(is_public, halves)):
        raise Refusal([Problem(path, "this key is damaged: remove it, and make a new one")])
    return Key(*halves)


def allowed() -> dict[str, str]:
    """The public keys of the machines that are let in, by name."""
    folder = _allowed()
    return {path.name: path.read_text().strip() for path in sorted(folder.iterdir())} if folder.is_dir() else {}


def allow(name: str, public: str) -> None:
    """Lets a machine in.

    Raises:
        Refusal: this is no name or no key, or one of them is in use.
    """
    if not _NAME.fullmatch(name):
        raise Refusal([Problem(name, "this is no name of a machine: use letters, digits, _ and -")])
    if not is_public(public):
        raise Refusal([Problem(public, f"this is no key: `{program()} keys new` on {name} prints its 64 digits")])
    if other := name_of(public):
        raise Refusal([Problem(name, f"this key is allowed already, as {other}")])
    _allowed().mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        _write(_allowed() / name, public)
    except FileExistsError:
        what = f"another key has this name: revoke it first by `{program()} keys revoke {name}`"
        raise Refusal([Problem(name, what)]) from None


def revoke(name: str) -> None:
    """Lets a machine in no more.

    Raises:
        Refusal: no machine of this name is allowed.
    """
    _file_of(name).unlink()


def known(name: str) -> str:
    """The public key of an allowed machine.

    Raises:
        Refusal: no machine of this name is allowed, or its key is damaged.
    """
    path, key = _file_of(name), allowed()[name]
    if not is_public(key):
        raise Refusal([Problem(path, f"this key is damaged: `{program()} keys revoke {name}`, and allow it again")])
    return key


def _file_of(name: str) -> Path:
    """The file of an allowed machine's key. Raises Refusal if there is none."""
    keys = allowed()
    if name not in keys:
        what = f"no machine of this name is allowed (`{program()} keys allow NAME KEY`); {did_you_mean(name, keys)}"
        raise Refusal([Problem(name, what)])
    return _allowed() / name


def name_of(public: str) -> str:
    """The name of the machine that has a public key; empty if it is not allowed."""
    return next((name for name, key in allowed().items() if key == public), "")


def _write(path: Path, text: str) -> None:
    """Makes a key's file in one step: it is whole, or not there. Raises FileExistsError."""
    fresh = state() / f"machines/{path.name}.{os.getpid()}"  # not among the allowed keys, whose names are its files'
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(f"{text}\n")
        durable.flush(fresh)
        os.link(fresh, path)
        durable.flush_folder(path.parent)
    finally:
        fresh.unlink(missing_ok=True)
