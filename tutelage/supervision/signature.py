"""Signatures show which runs this user made on this machine.

A graph in a recording or a run's folder is code: it names node classes, commands and folders of modules. It runs only
if this user made it on this machine, or says `--trust`. Each run is signed with the user's secret key as it begins.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from tutelage.graph import Graph
from tutelage.input.problems import Problem, Refusal, complain
from tutelage.supervision.private import state

KEY_BYTES = 32


def sign(run: str, graph: Graph) -> str:
    """Signs the name and the graph of a run that begins here. Empty, with a warning, if there can be no key."""
    try:
        return _signature(_key(new=True), run, graph)
    except OSError as error:
        complain(f"this run is not signed, so --resume, verify and evaluate will ask for --trust: {error}")
        return ""


def made_here(about: Mapping[str, str]) -> bool:
    """Whether this user made a run on this machine. `about` has the texts of its `run` (run.json) and `graph`."""
    try:
        run, graph = json.loads(about["run"]), Graph.from_json(about["graph"])
        wanted = _signature(_key(), run["run"], graph)
        return any(hmac.compare_digest(wanted, one) for one in run["signature"].split())  # one of each extension
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def check_graph(about: Mapping[str, str], where: object, trusted: bool) -> None:
    """Checks that this machine made a graph, unless the user trusts it.

    Raises:
        Refusal: it did not; says how to trust it.
    """
    if not (trusted or made_here(about)):
        what = "this machine did not make this run, and a run is code: say --trust if you trust whoever made it"
        raise Refusal([Problem(where, what)])


def _signature(key: bytes, run: str, graph: Graph) -> str:
    return hmac.digest(key, f"{run}\n{graph.to_json()}".encode(), "sha256").hex()


def _key(new: bool = False) -> bytes:
    """The user's key; with `new` it is made if there is none.

    Raises:
        OSError: there is none, it cannot be made, or others could have read or written it.
    """
    path = state() / "key"
    if new and not path.exists():
        _make_key(path)
    with path.open("rb") as file:
        found, key = os.fstat(file.fileno()), file.read()
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077 or len(key) != KEY_BYTES:
        raise PermissionError(f"{path} is not yours alone, or damaged: delete it, and a new one is made")
    return key


def _make_key(path: Path) -> None:
    """Makes the key in one step: if two processes try at once, one succeeds."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"key.{os.getpid()}")
    try:
        with open(fresh, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        if not path.exists():
            os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink(missing_ok=True)
