"""Does a policy from simulation balance the emulated rig at 50 Hz? One process: a driver, and the policy in numpy.

    python cli.py launch ppo.yaml env:=drivers.rig.environment:randomised_cart_pole --run-dir runs/randomised
    python bench/rig.py runs/randomised --protocol dynamixel --starts 10 --seconds 60

A start is good if pole and cart have stayed in CartPole-v1's limits for all the time. One that failed while this
computer stood still for longer than MOST_STILL, at either end of the line, says nothing about the policy: it is counted
as void and made again. Prints a line of JSON.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from safetensors.numpy import load_file

from tests.parts.rigs import PROTOCOLS, RunningRig, running
from tutelage.drivers.driver import Driver, DriverError
from tutelage.drivers.rig.environment import ANGLE_LIMIT, PERIOD_SECONDS, POSITION_LIMIT
from tutelage.learning.acting import Tensors, act

MOST_STILL = 0.06
"""seconds: three periods, and the driver's deadline"""


def balanced(driver: Driver, tensors: Tensors, seconds: float) -> tuple[float, np.ndarray, np.ndarray]:
    """How long the pole stood (s); how long each cycle took, and when it began (s)."""
    started = due = time.monotonic()
    cycles, begun = [], []
    while (now := time.monotonic()) - started < seconds:
        observation = driver.read().values
        if abs(observation[0]) > POSITION_LIMIT or abs(observation[2]) > ANGLE_LIMIT:
            break
        action, _ = act(tensors, observation[None].astype(np.float32))
        driver.write(np.array([10.0 if action[0] else -10.0]))
        begun.append(now)
        cycles.append(time.monotonic() - now)
        due += PERIOD_SECONDS
        time.sleep(max(0.0, due - time.monotonic()))
    return min(time.monotonic() - started, seconds), np.array(cycles), np.array(begun)


def start(rig: RunningRig, tensors: Tensors, seconds: float, seed: int) -> tuple[float, np.ndarray, np.ndarray] | None:
    """One start, as `balanced` has it; None if this computer stood still."""
    driver = rig.driver(reply_seconds=0.015, deadline_seconds=0.25)  # else a busy computer looks like a broken line
    driver.connect()
    result = None
    try:
        driver.place(seed)
        time.sleep(0.1)
        result = balanced(driver, tensors, seconds)
    except DriverError:
        if rig.tell("state")["longest_leap"] <= MOST_STILL:
            raise
    driver.close()
    still = max(rig.tell("state")["longest_leap"], *np.diff(result[2]) if result else [0.0])
    if still <= MOST_STILL or (result and result[0] >= seconds):
        return result
    stood = f"{result[0]:.2f} s" if result else "until the driver gave up"
    print(f"start {seed}: void: it stood {stood}, this computer stood still for {still:.3f} s", file=sys.stderr)
    return None


def arguments() -> argparse.ArgumentParser:
    """What to start on the rig, how often and for how long."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--protocol", choices=PROTOCOLS, default="dynamixel")
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60.0)
    return parser


def main() -> None:
    parser = arguments()
    parser.add_argument("--most-starts", type=int, default=30, help="void ones included")
    told = parser.parse_args()
    tensors = load_file(told.run / "weights.safetensors")
    results: list[tuple[float, np.ndarray, np.ndarray]] = []
    seed = 0
    with tempfile.TemporaryDirectory() as folder, running("cartpole", told.protocol, Path(folder)) as rig:
        while len(results) < told.starts and seed < told.most_starts:
            if result := start(rig, tensors, told.seconds, seed):
                results.append(result)
                print(f"start {seed}: stood {result[0]:.2f} s", file=sys.stderr)
            seed += 1
    stood = [round(seconds, 2) for seconds, _, _ in results]
    cycle = 1000 * np.concatenate([cycles for _, cycles, _ in results])
    interval = 1000 * np.concatenate([np.diff(begun) for _, _, begun in results])
    figures = {
        "run": told.run.name,
        "protocol": told.protocol,
        "good_starts": sum(seconds >= told.seconds for seconds in stood),
        "starts": len(stood),
        "void_starts": seed - len(stood),
        "seconds_stood": stood,
        "cycle_ms": [round(float(np.quantile(cycle, q)), 2) for q in (0.5, 0.99, 1)],
        "interval_ms": [round(float(np.quantile(interval, q)), 2) for q in (0.5, 0.99, 1)],
        "rate_mean": round(1000 / interval.mean(), 3),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
