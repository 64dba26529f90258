"""Environment steps a second of the whole loop, simulation, inference and learning, beside peers, in turns.

    python bench/rates.py --venvs VENVS

VENVS holds an environment for each peer, made as the head of bench/peers/rate_PEER.py says; a peer without one is left
out. All have as many environments, the same networks and as many updates a step, a thread for each process, and a
machine with two cores. They do not use them alike: tutelage's simulator and policy share one and its learner has the
other; RLlib's sampler and learner have one each; Stable-Baselines3 and TorchRL are one process, as in their examples,
and leave the second core idle. So processor seconds stand beside each rate: those of all processes of the command, with
start-up and final evaluation. The rates are without these, and RLlib's without its first iteration.

Prints the median of the turns, and how many times as fast as the quickest peer the graph is.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import psutil

ROOT = Path(__file__).resolve().parents[1]
PEERS = {"sb3": "Stable-Baselines3", "torchrl": "TorchRL", "rllib": "RLlib"}
PPO = {"algorithm": "ppo", "environments": 32, "rollout_steps": 64, "epochs": 4, "minibatch": 512, "hidden": 64}
SAC = {"algorithm": "sac", "environments": 16, "rollout_steps": 32, "updates": 48, "batch": 128, "hidden": 128}
SAC |= {"return_steps": 3, "first_steps": 4096, "replay": 400_000}
CASES = [
    PPO | {"env": "CartPole-v1", "steps": 65_536},
    PPO | {"env": "Hopper-v5", "steps": 32_768},
    SAC | {"env": "Hopper-v5", "steps": 12_288},
]
LOOK_SECONDS = 0.2
ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1"}  # of each process: more slow down networks of this size


class Taken(NamedTuple):
    """Environment steps a second, and the processor seconds of the whole command."""

    rate: float
    processor_seconds: float


def run(command: list[str]) -> tuple[str, float]:
    """What a command prints, and the processor seconds of its processes, up to the last look at them."""
    used: dict[int, float] = {}
    with tempfile.TemporaryFile("w+") as printed:
        process = psutil.Popen(command, stdout=printed, env=ONE_THREAD)
        while process.poll() is None:
            with suppress(psutil.NoSuchProcess):
                for one in [process, *process.children(recursive=True)]:
                    used[one.pid] = sum(one.cpu_times()[:2])
            time.sleep(LOOK_SECONDS)
        if process.returncode:
            sys.exit(f"{' '.join(command)} has failed")
        printed.seek(0)
        return printed.read(), sum(used.values())


def ours(case: dict[str, Any]) -> Taken:
    """A run of ppo.yaml or sac.yaml, whose defaults the cases are."""
    words = [f"env:={case['env']}", f"budget:={case['steps']}", "episodes:=1"]
    if case["algorithm"] == "sac":
        words.append("settings:={actor_every: 1}")  # the peers' actors learn in every gradient step
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(ROOT / "cli.py"), "launch", f"{case['algorithm']}.yaml", *words]
        _, processor = run([*command, "--run-dir", folder])
        report = json.loads((Path(folder) / "report.json").read_text())
    return Taken(case["steps"] / report["seconds_learning"], processor)


def peers(python: Path, peer: str, case: dict[str, Any]) -> Taken:
    said, processor = run([str(python), str(ROOT / f"bench/peers/rate_{peer}.py"), json.dumps(case)])
    told = json.loads(said.splitlines()[-1])
    return Taken(told.get("steps", case["steps"]) / told["seconds"], processor)


def medians(case: dict[str, Any], pythons: dict[str, Path], turns: int) -> dict[str, Taken]:
    """Of each, in turns."""
    found: dict[str, list[Taken]] = {"tutelage": [], **{peer: [] for peer in pythons}}
    for _ in range(turns):
        found["tutelage"].append(ours(case))
        for peer, python in pythons.items():
            found[peer].append(peers(python, peer, case))
    return {who: Taken(*map(median, zip(*taken, strict=True))) for who, taken in found.items()}


def row(case: dict[str, Any], found: dict[str, Taken]) -> str:
    best = max((taken.rate for who, taken in found.items() if who != "tutelage"), default=float("nan"))
    names = ("tutelage", *PEERS)
    cells = [f"{found[who].rate:.0f} ({found[who].processor_seconds:.0f} s)" if who in found else "" for who in names]
    cells = [f"{case['algorithm'].upper()}, {case['env']}", str(case["environments"]), *cells]
    return f"| {' | '.join(cells)} | {found['tutelage'].rate / best:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--venvs", type=Path, required=True)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--share", type=float, default=1.0, help="of the environment steps, to try it out")
    options = parser.parse_args()
    pythons = {peer: options.venvs / peer / "bin/python" for peer in PEERS}
    for peer in [peer for peer, python in pythons.items() if not python.exists()]:
        print(f"{PEERS[peer]} is left out: there is no {pythons.pop(peer)}", file=sys.stderr)
    print(f"| algorithm, task | environments | tutelage | {' | '.join(PEERS.values())} | to the quickest peer |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for case in CASES:
        rollout = case["environments"] * case["rollout_steps"]
        case["steps"] = round(case["steps"] * options.share / rollout) * rollout
        print(row(case, medians(case, pythons, options.turns)), flush=True)


if __name__ == "__main__":
    main()
