"""GAIL on CartPole-v1 from a file of demonstrations until three evaluations of 20 episodes in a row have 495 or more.

    python bench/beside_imitation.py CartPole-v1.npz --seeds 50 5

Prints environment steps and seconds from the first demonstration to the third evaluation, evaluations included. Run the
library `imitation` (1.0.1) on the same file in the same session to compare.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--seeds", type=int, nargs=2, default=(50, 5), metavar=("FIRST", "COUNT"))
    options = parser.parse_args()
    for seed in range(options.seeds[0], sum(options.seeds)):
        with tempfile.TemporaryDirectory() as folder:
            words = ["launch", "gail.yaml", f"demonstrations:={options.file.resolve()}", "enough:=495", f"seed:={seed}"]
            command = [sys.executable, str(ROOT / "cli.py"), *words, "--run-dir", folder]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            report = json.loads((Path(folder) / "report.json").read_text())
        print(f"seed {seed}: {report['environment_steps']} steps, {report['seconds_learning']} s", flush=True)


if __name__ == "__main__":
    main()
