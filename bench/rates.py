"""Environment steps a second of the whole loop, simulation, inference and learning, beside peers, in turns.

    python bench/rates.py --venvs VENVS

VENVS holds an environment for each peer, made as the head of bench/peers/rate_PEER.py says; a peer without one is left
out. All have as many environments, the same networks and as many updates a step, and two cores. Start-up does not
count. Prints the median of the turns, and how many times as fast as the quickest peer the graph is.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

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
ONE_THREAD = os.environ | {"OMP_NUM_THREADS": "1"}  # of each process: more slow down networks of this size


def ours(case: dict[str, Any]) -> float:
    """Seconds of learning of a run of ppo.yaml or sac.yaml, whose defaults the cases are."""
    words = [f"env:={case['env']}", f"budget:={case['steps']}", "episodes:=1"]
    if case["algorithm"] == "sac":
        words.append("settings:={actor_every: 1}")  # the peers' actors learn in every gradient step
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(ROOT / "cli.py"), "launch", f"{case['algorithm']}.yaml", *words]
        subprocess.run([*command, "--run-dir", folder], check=True, stdout=subprocess.DEVNULL, env=ONE_THREAD)
        return json.loads((Path(folder) / "report.json").read_text())["seconds_learning"]


def peers(python: Path, peer: str, case: dict[str, Any]) -> float:
    command = [str(python), str(ROOT / f"bench/peers/rate_{peer}.py"), json.dumps(case)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=ONE_THREAD).stdout
    return json.loads(said.splitlines()[-1])["seconds"]


def rates(case: dict[str, Any], pythons: dict[str, Path], turns: int) -> dict[str, float]:
    """Median environment steps a second of each."""
    seconds: dict[str, list[float]] = {"tutelage": [], **{peer: [] for peer in pythons}}
    for _ in range(turns):
        seconds["tutelage"].append(ours(case))
        for peer, python in pythons.items():
            seconds[peer].append(peers(python, peer, case))
    return {who: case["steps"] / median(taken) for who, taken in seconds.items()}


def row(case: dict[str, Any], found: dict[str, float]) -> str:
    best = max((rate for who, rate in found.items() if who != "tutelage"), default=float("nan"))
    cells = [f"{found[who]:.0f}" if who in found else "" for who in ("tutelage", *PEERS)]
    cells = [f"{case['algorithm'].upper()}, {case['env']}", str(case["environments"]), *cells]
    return f"| {' | '.join(cells)} | {found['tutelage'] / best:.2f} |"


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
        print(row(case, rates(case, pythons, options.turns)), flush=True)


if __name__ == "__main__":
    main()
