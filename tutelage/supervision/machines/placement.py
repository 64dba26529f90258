"""The launcher's process that speaks with Ray, which chooses machines for the nodes with an `on:`.

Ray starts an actor on each (placed.py), and another elsewhere when a machine is gone. It carries no messages of the
run. When this process ends, however it does, Ray ends the actors.
"""

from __future__ import annotations

import json
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from tutelage.input.problems import Refusal, complain
from tutelage.supervision.machines import lives, ports
from tutelage.supervision.machines.placed import Actor

ANSWER_SECONDS = 5.0
"""How long Ray's head node has to answer."""

PUZZLED_SECONDS = 10.0
"""After this time without all machines people are told."""

LIVES, LIVES_SECONDS = 5, 60.0
"""A machine may end so often in so long a time."""


class Run(NamedTuple):
    """What the machines of a run are told: its name and folder, the launcher's door and public key."""

    name: str
    run_dir: Path
    address: str
    server: str


def serve(hosts: Mapping[str, dict[str, Any]], cluster: str, run: Run, folder: Path, lifeline: socket.socket) -> None:
    """Keeps a machine for each of `hosts`, by what it must have, until the launcher is gone.

    Args:
        cluster: the address of Ray.
        folder: the run's socket folder.
    """

    import ray
    from ray.exceptions import RayError
    from ray.util.placement_group import placement_group
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    def tell(event: str, why: str) -> None:
        lifeline.sendall(json.dumps({"event": event, "why": why}).encode() + b"\n")

    try:
        head = ports.parsed(cluster, ports.RAY_PORT)
        socket.create_connection(head, ANSWER_SECONDS).close()  # Ray itself would try for minutes
        ray.init("{}:{}".format(*head), log_to_driver=False, _node_ip_address=run.address.partition(":")[0])
        bundles, labels = map(_bundle, hosts.values()), [on.get("labels", {}) for on in hosts.values()]
        group = placement_group(list(bundles), strategy="SPREAD", bundle_label_selector=labels)
    except (OSError, RuntimeError, ValueError, RayError, Refusal) as error:
        tell("refused", f"Ray at {cluster} cannot place {', '.join(hosts)}: {error}")
        return
    for index, host in enumerate(hosts):
        place = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=index)
        options = {"scheduling_strategy": place, "max_task_retries": -1, **_needs(hosts[host])}
        Thread(target=_keep, args=(host, options, run, folder, tell), daemon=True).start()
    if not group.wait(PUZZLED_SECONDS):
        tell("note", f"Ray has no machines free for {', '.join(hosts)} yet: `ray status` says what it has")
    lifeline.recv(1)
    ray.shutdown()


def _bundle(on: Mapping[str, Any]) -> dict[str, float]:
    """What a machine must have, as Ray counts it."""
    return {name: n for name, n in {"CPU": on["cpu"], "GPU": on.get("gpu", 0), **on.get("resources", {})}.items() if n}


def _needs(on: Mapping[str, Any]) -> dict[str, Any]:
    """The same, as an actor asks for it."""
    return {"num_cpus": on["cpu"], "num_gpus": on.get("gpu", 0), "resources": on.get("resources", {})}


def _keep(host: str, options: dict[str, Any], run: Run, folder: Path, tell: Callable[[str, str], None]) -> None:
    """Keeps a machine until the run is over, or tells why that cannot be."""
    try:
        why = _live(host, options, run, folder)
    except Exception as error:  # Ray's and the disk's: in a thread nobody else would hear of it
        why = f"{host} cannot be kept: {error}"
    if why:
        tell("refused", why)


def _live(host: str, options: dict[str, Any], run: Run, folder: Path) -> str:
    """Starts one life of a machine after the other, until the run is over; else returns why there is no other."""
    import ray
    from ray.exceptions import RayError

    ends = deque[float](maxlen=LIVES)
    while len(ends) < LIVES or time.monotonic() - ends[0] > LIVES_SECONDS:
        actor = ray.remote(Actor).options(**options).remote()
        try:
            log = run.run_dir / f"logs/{host}.log"
            told = (lives.checkpoints(run.run_dir, host), run.server, run.address)
            key = ray.get(actor.start.remote(run.name, str(run.run_dir), str(Path.cwd()), str(log), *told))
            if not key:
                return f"{host} sees no run in {run.run_dir}: start it in a folder that all machines share"
            lives.admit(folder, host, key)
            if ray.get(actor.run.remote()) == 0:
                return ""
        except RayError as error:
            complain(f"{host} is gone: {error}")
        ray.kill(actor)
        ends.append(time.monotonic())
    return f"{host} has ended {LIVES} times within {LIVES_SECONDS:.0f} s: its log says why"
