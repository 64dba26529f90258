"""What several learners gain with networks of 64, 256 and 1,024 units a layer: the numbers behind docs/scaling.md.

    python bench/learners.py [--hidden 64 256 1024] [--learners 1 2] [--rollouts 12]

Runs ppo.yaml on CartPole. Prints, for the rollouts after the first two, wall seconds and the learners' processor
seconds a rollout. In the same turn, the same updates without a graph, whose processes sum their gradients by
torch.distributed (learners_gloo.py).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scaling import ROOT, seconds_of, wait_for

STEPS = 2048
"""In a rollout of ppo.yaml."""


def ours(hidden: int, learners: int, rollouts: int) -> tuple[float, float]:
    """Wall seconds, and the learners' processor seconds, of a rollout."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "run"
        words = [f"learners:={learners}", f"settings:={{hidden: {hidden}}}", f"budget:={STEPS * (rollouts + 3)}"]
        command = [sys.executable, str(ROOT / "cli.py"), "launch", "ppo.yaml", *words, "episodes:=1"]
        run = subprocess.Popen([*command, "--run-dir", str(folder)], stdout=subprocess.DEVNULL)
        wait_for(folder, 2)
        nodes = json.loads((folder / "processes.json").read_text())["nodes"]
        pids = [node["pid"] for name, node in nodes.items() if name.startswith("learner")]
        began, used = time.monotonic(), sum(map(seconds_of, pids))
        steps = wait_for(folder, rollouts + 2) - 2 * STEPS
        wall, used = time.monotonic() - began, sum(map(seconds_of, pids)) - used
        run.wait()
    return wall / steps * STEPS, used / steps * STEPS


def gloo(hidden: int, learners: int, rollouts: int) -> tuple[float, float]:
    script = Path(__file__).with_name("learners_gloo.py")
    with tempfile.TemporaryDirectory() as folder:
        words = [str(number) for number in (learners, hidden, rollouts, STEPS)]
        runs = [
            subprocess.Popen(
                [sys.executable, str(script), f"{folder}/meeting", str(part), *words], stdout=subprocess.PIPE
            )
            for part in range(learners)
        ]
        said = [json.loads(run.communicate()[0]) for run in runs]
    return max(one["wall"] for one in said), sum(one["processor"] for one in said)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hidden", type=int, nargs="*", default=[64, 256, 1024], help="units in each layer")
    parser.add_argument("--learners", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--rollouts", type=int, default=12)
    options = parser.parse_args()
    for hidden in options.hidden:
        for learners in options.learners:
            for name, measured in (("ppo.yaml", ours), ("torch.distributed", gloo)):
                wall, used = measured(hidden, learners, options.rollouts)
                where = f"{hidden:5} units, {learners} learners, {name:17}"
                print(f"{where}: {wall:6.3f} s a rollout, {used:6.3f} s of processors", flush=True)


if __name__ == "__main__":
    main()
