"""How well the hardware loop keeps its deadlines: 50 and 100 Hz, idle and beside 4 busy processes, 60 s each.

    python bench/realtime.py [SECONDS]

Driver, guard, policy and report run as in hardware.yaml, on a cart-pole in the hardware node's own process. The floor
is a plain loop that sleeps to absolute deadlines and does nothing else, run just before.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.nodes.test_robot_faults import balancing
from tutelage.drivers.pace import Pace
from tutelage.messages import Timing

ROBOT = "driver: {root}/tests/cart.py:Cart\ntask: CartPole-v1\nrate: {rate}\nstart: automatic\n"


def floor(rate: float, seconds: float) -> Timing:
    """A loop that only waits."""
    pace = Pace(rate)
    pace.begin(time.monotonic_ns())
    while pace.elapsed < seconds * 1e9:
        time.sleep(max(0, pace.deadline - time.monotonic_ns()) / 1e9)
        pace.keep(time.monotonic_ns())
    return pace.timing((0, 0), 0, 0)


def run(rate: float, seconds: float) -> Timing:
    """The figures of a run's report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "cart.yaml").write_text(ROBOT.format(root=ROOT, rate=rate))
        told = [f"policy:={balancing(folder / 'policy')}", f"robot:={folder / 'cart.yaml'}"]
        command = [sys.executable, str(ROOT / "cli.py"), "launch", "hardware.yaml", *told, f"seconds:={seconds}"]
        done = subprocess.run([*command, "--run-dir", str(folder / "run")], capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        report = json.loads((folder / "run" / "report.json").read_text())
        return Timing(0, 0, *(report[field.name] for field in Timing.declared[2:]))


def show(what: str, rate: float, kept: Timing) -> None:
    print(
        f"{what:36} {kept.rate_mean:7.2f} Hz ({100 * (kept.rate_mean / rate - 1):+5.2f} %)  "
        f"longest {1000 * kept.interval_max:6.1f} ms ({kept.interval_max * rate:4.1f} periods)  "
        f"std {1000 * kept.interval_std:5.2f} ms  missed {kept.deadlines_missed:3}  "
        f"latency {1000 * kept.latency_mean:4.1f} ms  refused {kept.commands_refused}  stops {kept.stops}",
        flush=True,
    )


def busy_process() -> int:
    return os.spawnlp(os.P_NOWAIT, sys.executable, sys.executable, "-c", "while True: pass")


if __name__ == "__main__":
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    for count in (0, 4):
        others = [busy_process() for _ in range(count)]
        try:
            for rate in (50.0, 100.0):
                name = f"{rate:.0f} Hz, {f'{count} busy' if count else 'idle'}"
                show(f"{name}: a loop that only waits", rate, floor(rate, seconds))
                show(f"{name}: hardware", rate, run(rate, seconds))
        finally:
            for pid in others:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
