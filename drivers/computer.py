"""Checks this computer: what Python it has, what it allows a process, and which extras are installed."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import resource
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from tutelage.drivers.doctor import Finding
from tutelage.input.problems import Refusal
from tutelage.invocation import installing
from tutelage.supervision import registry
from tutelage.supervision.limits import BASE_FILES, NODE_FILES
from tutelage.transport.sockets import address

PACKAGE = "tutelage"
DISK_BYTES = 10**9
"""Free space that a few long recorded runs need."""

NODES = 50
"""The nodes of a large graph."""

NAME, EXTRA = re.compile(r"([\w.-]+)(?:\[([^]]*)\])?"), re.compile(r"extra\s*==\s*['\"]([\w.-]+)['\"]")
"""The parts of a requirement: `gymnasium[box2d]>=1; extra == 'box2d'`."""


def examine() -> Iterator[Finding]:
    """The checks of this computer, one by one."""
    yield Finding(os.name == "posix", f"python: {platform.python_version()} on {platform.platform()}")
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield Finding(True, f"cores: {usable} of {os.cpu_count()} may be used")
    free = shutil.disk_usage(Path.cwd()).free
    yield Finding(free >= DISK_BYTES, f"disk: {free / 1e9:.1f} GB are free in this folder, where runs are written")
    yield _files()
    yield _sockets()
    yield from _extras()
    yield _gpu()


def _files() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = hard == resource.RLIM_INFINITY or hard >= BASE_FILES + NODE_FILES * NODES
    remedy = "" if enough else ": too few for a large graph, raise the limit (ulimit -n)"
    shown = ["any number" if limit == resource.RLIM_INFINITY else str(limit) for limit in (soft, hard)]
    return Finding(enough, f"open files: {shown[0]} a process, raised to {shown[1]} where a graph needs it{remedy}")


def _sockets() -> Finding:
    """Whether runs can have their sockets where they would be."""
    try:
        folder = registry.folder()
        address(folder / f"{'0' * 12}-{2**22}", "robot_teleoperator", "links")
    except (Refusal, OSError) as error:
        return Finding(False, f"sockets: {error}")
    return Finding(True, f"sockets: runs have theirs in {folder}, which no other user can enter")


def _extras() -> Iterator[Finding]:
    try:
        extras = metadata.metadata(PACKAGE).get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        yield Finding(None, f"extras: {PACKAGE} itself is not installed: pip install -e . (in the clone)")
        return
    for extra in extras:
        if extra != "test":
            lacking = ", ".join(dict.fromkeys(_lacking(PACKAGE, extra)))
            how = f"not installed ({lacking}): {installing(extra)}" if lacking else "installed"
            yield Finding(True, f"extra {extra}: {how}", absent=bool(lacking))


def _lacking(distribution: str, extra: str) -> Iterator[str]:
    """The packages that an extra of a distribution would install, and that are not there."""
    for requirement in metadata.requires(distribution) or []:
        what, _, when = requirement.partition(";")
        if extra not in EXTRA.findall(when) or not (named := NAME.match(what.strip())):
            continue
        name, more = named.groups(default="")
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            yield name
            continue
        for inner in filter(None, map(str.strip, more.split(","))):
            yield from _lacking(name, inner)


def _gpu() -> Finding:
    if not importlib.util.find_spec("torch"):
        return Finding(None, "gpu: torch, which would know, is not installed")
    import torch

    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
        return Finding(True, f"gpu: torch {torch.__version__} can use {names}")
    metal = sys.platform == "darwin" and torch.backends.mps.is_available()
    return Finding(True, f"gpu: torch {torch.__version__} can use {'this Mac' if metal else 'none'}")
