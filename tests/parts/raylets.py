"""A cluster of Ray on this machine, in a process of its own: a head node, and two that have 2 of the resource `x` each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]

NOTICED_SOON = {"initial_delay_ms": 500, "period_ms": 500, "failure_threshold": 4}
"""Ray's health check: by default it takes half a minute."""


@contextmanager
def raylets() -> Iterator[str]:
    """The address of a cluster, while it lasts."""
    quick = {f"RAY_health_check_{name}": str(value) for name, value in NOTICED_SOON.items()}
    environment = os.environ | quick | {"PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"}
    with subprocess.Popen(
        [sys.executable, "-P", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, env=environment,
    ) as process:  # fmt: skip
        assert process.stdin and process.stdout
        told = next((line for line in process.stdout if line.startswith("address ")), "")
        assert told, "Ray has not started"
        yield told.split()[1]
        process.stdin.close()


def main() -> None:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(num_cpus=4, resources={"x": 2})
    print("address", cluster.address, flush=True)
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    main()
