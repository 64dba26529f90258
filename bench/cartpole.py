"""GAIL on CartPole-v1 over seeds, each a run of the whole graph: is it right, and does it stay right?

python bench/cartpole.py --seeds 0 10                          100 greedy and 100 sampled episodes at the end
python bench/cartpole.py --seeds 0 10 --further 200000         trained on, evaluated all along
python bench/cartpole.py --seeds 0 10 demonstrations_count:=1  one demonstration
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tutelage.learning.budget import ON_POLICY

EVALUATE_EVERY = 4
"""rollouts between evaluations, where the run is trained on"""


def run(seed: int, folder: Path, arguments: list[str]) -> dict[str, Any]:
    """One run's report, with the evaluations on its way as `evaluations`: environment steps and mean greedy return."""
    command = [sys.executable, str(ROOT / "cli.py"), "launch", "gail.yaml", f"seed:={seed}", *arguments]
    subprocess.run([*command, "--run-dir", str(folder)], check=True, stdout=subprocess.DEVNULL)
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    report["evaluations"] = [
        (r["time/total_timesteps"], r["eval/mean_reward"]) for r in rows if "eval/mean_reward" in r
    ]
    return report


def line(report: dict[str, Any], budget: int) -> str:
    """A row of the table."""
    later = [mean for steps, mean in report["evaluations"] if steps >= budget]
    return (
        f"{report['seed']:4}  {report['return_mean']:7.1f}  {report['return_sampled_mean']:7.1f}  {min(later):7.1f}  "
        f"{report['environment_steps']:8}  {report['steps_per_second']:6}  {report['seconds_learning']:6.2f}  "
        f"{report['wall_seconds']:6.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 10), metavar=("FIRST", "COUNT"))
    parser.add_argument("--further", type=int, default=0, help="environment steps to train on after the default budget")
    options, arguments = parser.parse_known_args()
    budget = ON_POLICY.binary
    if options.further:
        arguments += [f"budget:={budget + options.further}", f"evaluate_every:={EVALUATE_EVERY}"]
    print("seed   greedy  sampled    least     steps   per s  learning  wall (s)", flush=True)
    reports = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.seeds[0], sum(options.seeds)):
            reports.append(run(seed, Path(folder) / str(seed), arguments))
            print(line(reports[-1], budget), flush=True)
    for name in ("return_mean", "return_sampled_mean", "steps_per_second", "seconds_learning", "wall_seconds"):
        values = [report[name] for report in reports]
        print(f"{name}: least {min(values)}, median {statistics.median(values)}, most {max(values)}")


if __name__ == "__main__":
    main()
