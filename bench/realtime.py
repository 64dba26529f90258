"""How well the hardware loop keeps its deadlines: 50 and 100 Hz, idle and beside 4 busy processes, 60 s each.

    python bench/realtime.py [SECONDS]

Driver, guard, policy and report run as in hardware.yaml, on a cart-pole in the hardware node's own process. The floor is
a plain loop of the same length that sleeps to absolute deadlines and does nothing, run just before.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from drivers.pace import Pace
from tests.test_robot_faults import balancing

ROBOT = "driver: {root}/tests/cart.py:Cart\ntask: CartPole-v1\nrate: {rate}\nstart: automatic\n"


def floor(rate: float, seconds: float) -> Pace:
    """A loop that only waits."""
    pace = Pace(rate)
    pace.begin(time.monotonic_ns())
    while pace.elapsed < seconds * 1e9:
        time.sleep(max(0, pace.deadline - time.monotonic_ns()) / 1e9)
        pace.keep(time.monotonic_ns())
    return pace


def run(rate: float, seconds: float) -> dict[str, float]:
    """The figures of a run's report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cart.yaml").write_text(ROBOT.format(root=ROOT, rate=rate))
        told = [f"policy:={balancing(folder / 'policy')}", f"robot:={folder / 'cart.yaml'}", "rig:=null"]
        command = [sys.executable, str(ROOT / "cli.py"), "launch", "hardware.yaml", *told, f"seconds:={seconds}"]
        done = subprocess.run([*command, "--run-dir", str(folder / "run")], capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        report: dict[str, float] = json.loads((folder / "run" / "report.json").read_text())
        return report


def row(what: str, rate: float, mean: float, interval: float, deviation: float, missed: float, more: str = "") -> None:
    periods = interval * rate
    print(
        f"{what:34} {mean:7.2f} Hz ({100 * (mean / rate - 1):+5.2f} %)  longest {1000 * interval:6.1f} ms "
        f"({periods:4.1f} periods)  std {1000 * deviation:5.2f} ms  missed {missed:3.0f}  {more}",
        flush=True,
    )


if __name__ == "__main__":
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    for busy in (0, 4):
        others = [os.spawnlp(os.P_NOWAIT, sys.executable, sys.executable, "-c", "while True: pass") for _ in range(busy)]
        try:
            for rate in (50.0, 100.0):
                name = f"{rate:.0f} Hz, {f'{busy} busy' if busy else 'idle'}"
                pace = floor(rate, seconds)
                row(f"{name}: a loop that only waits", rate, pace.rate_mean, pace.interval_max / 1e9, pace.interval_std / 1e9, pace.missed)  # fmt: skip
                told = run(rate, seconds)
                more = f"latency {1000 * told['latency_mean']:.1f} ms, stops {told['stops']}, refused {told['commands_refused']}"
                row(f"{name}: hardware", rate, told["rate_mean"], told["interval_max"], told["interval_std"], told["deadlines_missed"], more)  # fmt: skip
                assert math.isclose(told["rate_mean"], rate, rel_tol=0.03) or told["deadlines_missed"], "missed, not counted"
        finally:
            for pid in others:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
