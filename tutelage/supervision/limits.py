"""What the system allows a process: enough open files for a graph."""

from __future__ import annotations

import resource

BASE_FILES, NODE_FILES = 64, 8
"""Open files that a process needs for itself, and for each node of its graph: connections, lifelines, logs."""


def lacks_files(nodes: int) -> str:
    """Raises the limit of open files to what a graph of so many nodes needs; why that cannot be, if so."""
    needed = BASE_FILES + NODE_FILES * nodes
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return ""
    if hard != resource.RLIM_INFINITY and hard < needed:
        return f"a process may have {hard} open files here, this graph needs {needed}: raise the limit (ulimit -n)"
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    return ""
