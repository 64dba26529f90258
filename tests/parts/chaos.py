"""Disturbing a run: killing and stopping its processes at moments drawn from its learning time."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator

from tests.parts.run_cli import Run

NODES = (
    "teleoperator",
    "simulator",
    "policy",
    "discriminator",
    "rewarder",
    "labeller",
    "learner",
    "evaluator",
    "report",
)
"""those of all learning launch files"""


def learning(run: Run) -> bool:
    """Whether a run is between its first measurement and its last weights."""
    return (run.run_dir / "metrics.jsonl").exists() and not (run.run_dir / "weights.safetensors").exists()


def moments(run: Run, rng: random.Random, count: int, learning_seconds: float) -> Iterator[None]:
    """Waits for `count` moments of a run's learning time, drawn uniformly; fewer where it ends before."""
    while run.process.poll() is None and not learning(run):
        time.sleep(0.005)
    began = time.monotonic()
    for moment in sorted(rng.uniform(0, learning_seconds) for _ in range(count)):
        time.sleep(max(0.0, began + moment - time.monotonic()))
        if run.process.poll() is None and learning(run):
            yield


def kill_some(run: Run, rng: random.Random, wanted: Counter[str], count: int, learning_seconds: float) -> Counter[str]:
    """Kills up to `count` nodes, those first of which most kills are wanted; how often each was."""
    done: Counter[str] = Counter()
    for _ in moments(run, rng, count, learning_seconds):
        name = max(wanted, key=lambda node: (wanted[node] - done[node], rng.random()))
        pid = run.nodes().get(name)
        if pid and _signal(pid, signal.SIGKILL):
            done[name] += 1
            while run.nodes().get(name) == pid and run.process.poll() is None:  # a dead process can be killed again
                time.sleep(0.005)
    return done


def stop(run: Run, name: str, seconds: float) -> bool:
    """Stops a node for so long; whether it was there to be stopped."""
    pid = run.nodes().get(name)
    if not pid or not _signal(pid, signal.SIGSTOP):
        return False
    time.sleep(seconds)
    return _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: signal.Signals) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
