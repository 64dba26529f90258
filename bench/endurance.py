"""An hour of gail.yaml with a kill every five seconds: memory flat, no file or socket leaked, nothing stuck.

python bench/endurance.py --minutes 60
"""

import argparse
import os
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.parts.chaos import NODES
from tests.parts.run_cli import Run


def resident(pid: int) -> float:
    """Resident memory of a process in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def sample(run: Run) -> dict[str, float]:
    """Memory of each process in MB, the launcher's open files, and the files of the run."""
    nodes = {"launcher": run.process.pid, **run.nodes()}
    found = {f"{name} MB": resident(pid) for name, pid in nodes.items() if Path(f"/proc/{pid}").exists()}
    found["launcher's files"] = len(list(Path(f"/proc/{run.process.pid}/fd").iterdir()))
    found["run's files"] = sum(1 for _ in run.run_dir.rglob("*"))
    return found


def disturb(run: Run, minutes: float, every_seconds: float) -> list[dict[str, float]]:
    """Kills each node in turn; a sample before each kill."""
    samples, kills = [], 0
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end and run.process.poll() is None:
        time.sleep(every_seconds)
        pid = run.nodes().get(NODES[kills % len(NODES)])
        if pid and Path(f"/proc/{pid}").exists():
            samples.append(sample(run))
            os.kill(pid, signal.SIGKILL)
            kills += 1
    return samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=float, default=5, help="seconds between kills")
    options = parser.parse_args()
    run = Run(Path(tempfile.mkdtemp(prefix="endurance-")), "gail.yaml", "budget:=1000000000000")
    samples = disturb(run, options.minutes, options.every)
    assert run.process.poll() is None, run.wait().output
    run.process.send_signal(signal.SIGINT)
    run.wait()
    tenth = max(1, len(samples) // 10)
    print(f"{len(samples)} kills in {options.minutes} minutes; medians of the first and of the last tenth:")
    for name in samples[-1]:
        first, last = (
            statistics.median(s[name] for s in part if name in s) for part in (samples[:tenth], samples[-tenth:])
        )
        print(f"  {name:22} {first:10.1f} {last:10.1f}")
    print(f"restarts {run.report['node_restarts']}, exit code {run.process.returncode}")
    print(f"{run.report['environment_steps']} environment steps")


if __name__ == "__main__":
    main()
