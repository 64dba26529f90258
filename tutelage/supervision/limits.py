"""Checks that the system allows enough open files for a graph."""

from __future__ import annotations

import resource

from tutelage.input.problems import Problem, Refusal

BASE_FILES, NODE_FILES = 64, 8
"""The open files that a process needs, and those for each node of its graph: connections, lifelines, logs."""


def raise_files(nodes: int) -> None:
    """Raises the limit of open files to what a graph of this size needs.

    Raises:
        Refusal: that is impossible.
    """
    needed = BASE_FILES + NODE_FILES * nodes
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        what = f"a process may have {hard} here, this graph needs {needed}: raise the limit (ulimit -n)"
        raise Refusal([Problem("open files", what)])
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
