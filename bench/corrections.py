"""HG-DAgger on the emulated cart-pole: does a person have to take over less often? python bench/corrections.py

A policy that was cloned from few pairs drives the rig. A scripted person watches, decides with a person's delay to take
over when the cart drifts away or the pole leans, drives by the control law, and gives back when all is calm. The policy
is cloned anew after each intervention, while the robot goes on. Prints interventions an hour and falls in each part of
the time, for each seed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tutelage.messages import Order, Transition
from tutelage.recording import Reader
from tutelage.tasks.cart_pole import cart_pole
from tutelage.tasks.playing import episode, observations
from tutelage.tasks.task import Task
from tutelage.teaching.devices.device import Device, Moment, OperatorCommand
from tutelage.teaching.formats import files
from tutelage.teaching.formats.trajectory import Demonstrations, Trajectory

DECIDES = 0.25
"""Seconds that this person needs to decide. They steer by a law at once: no hand balances a pole of this size."""

JUMP = np.array([0.2, np.inf, 0.1, np.inf])
"""An observation that is so far from the last one is the first of another episode."""

RISKY = np.array([1.2, np.inf, 0.1, np.inf])
CALM = np.array([0.4, 0.5, 0.06, 0.6])
"""Of cart, its velocity, pole, its velocity. Beyond the first they take over; after a second of calm they give back."""


class Person(Device):
    """Watches a policy on the rig, and helps where it goes wrong."""

    name = "person"

    def __init__(self, task: Task) -> None:
        self.seen: deque[tuple[float, np.ndarray]] = deque(maxlen=100)

    def watch(self, observation: np.ndarray) -> None:
        if self.seen and (np.abs(observation - self.seen[-1][1]) > JUMP).any():
            self.seen.clear()
        self.seen.append((time.monotonic(), observation))

    def commands(self, now: Moment) -> Sequence[OperatorCommand]:
        if now.phase == "driving":
            last = np.abs([seen for when, seen in self.seen if when > time.monotonic() - 1])
            return ["go"] if now.step > 25 and (last < CALM).all() else []
        return ["go"] if (np.abs(self._seen_before(DECIDES)) > RISKY).any() else []

    def action(self, observation: np.ndarray, now: Moment) -> np.ndarray:
        return np.asarray(cart_pole(observation))

    def _seen_before(self, seconds: float) -> np.ndarray:
        """The newest observation that is so old."""
        until = time.monotonic() - seconds
        return next((seen for when, seen in reversed(self.seen) if when <= until), np.zeros(4))


def few_pairs(path: Path, pairs: int, seed: int) -> None:
    """Writes the first steps of an expert's episode."""
    task = Task("CartPole-v1")
    environment = task.make()
    steps = [step for step, _ in zip(episode(environment, cart_pole, seed), range(pairs), strict=False)]
    environment.close()
    action, reward = np.array([step.action for step in steps]), np.ones(len(steps))
    shown = Demonstrations([Trajectory(observations(steps), action, reward, False, True)], "CartPole-v1")
    files.write(str(path), shown, "npz")


def launch(*words: str) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)])}
    command = [sys.executable, str(ROOT / "cli.py"), "launch", *words]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def course(folder: Path, pairs: int, seed: int, seconds: float, parts: int) -> list[tuple[int, int]]:
    """Interventions and falls in each part of the time."""
    file, clone, run = folder / "few.npz", folder / "clone", folder / "run"
    few_pairs(file, pairs, seed)
    launch("bc.yaml", f"demonstrations:={file}", f"seed:={seed}", "episodes:=1", "--run-dir", str(clone))
    words = [f"policy:={clone}", f"demonstrations:={file}", "operator:=corrections:Person", "learn:=true"]
    link = f"link:={folder / 'rig'}"
    launch("rig.yaml", *words, f"seconds:={seconds}", link, "record:=true", f"seed:={seed}", "--run-dir", str(run))
    taken, fallen, began, last = [0] * parts, [0] * parts, 0, 0
    for header, message in Reader(run / "recording.mcap").of(Order, Transition):
        began, last = began or header.captured, header.captured
        part = min(parts - 1, int((last - began) / 1e9 / seconds * parts))
        taken[part] += isinstance(message, Order) and message.order == "take over"
        fallen[part] += isinstance(message, Transition) and bool(message.terminated.any())
    return list(zip(taken, fallen, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=40, help="of the expert, from which the first policy was cloned")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=180, help="on the rig, each seed")
    parser.add_argument("--parts", type=int, default=3)
    given = parser.parse_args()
    hour = 3600 * given.parts / given.seconds
    for seed in given.seeds:
        with tempfile.TemporaryDirectory() as folder:
            found = course(Path(folder), given.pairs, seed, given.seconds, given.parts)
        said = "; ".join(f"{taken * hour:.0f} an hour, {fallen} falls" for taken, fallen in found)
        print(f"seed {seed}: {said}", flush=True)


if __name__ == "__main__":
    main()
