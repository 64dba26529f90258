"""What a checkpoint of the off-policy learner costs when its replay buffer is full: 1 million steps of a task with 111
observations and 8 actions, 232 numbers a row.

Prints one line of JSON: milliseconds and megabytes of a checkpoint after a second's 2,048 new steps, milliseconds of it
that the rows take, and seconds of coming back.

    python bench/replay_checkpoint.py
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1]))

import gymnasium
import numpy as np

from tutelage.codec import unpack_state
from tutelage.files import checkpoint
from tutelage.learning.rollout import Rollout
from tutelage.nodes.sac_learner import SACLearner

STEPS, ENVIRONMENTS, FRESH, REPEATS = 1_000_000, 16, 2048, 9


class Wide(gymnasium.Env[Any, Any]):
    """A task by its shape alone."""

    observation_space = gymnasium.spaces.Box(-1, 1, (111,))
    action_space = gymnasium.spaces.Box(-1, 1, (8,))


def steps(count: int, draw: np.random.Generator) -> Rollout:
    shape = (count // ENVIRONMENTS, ENVIRONMENTS)
    observation, following = draw.standard_normal((2, *shape, 111), dtype=np.float32)
    action, ends = draw.random((*shape, 8), dtype=np.float32), draw.random((2, *shape)) < 0.001
    return Rollout(observation, action, following, np.zeros(shape, np.float32), *ends)


def learner(folder: Path) -> SACLearner:
    node = SACLearner("bench.replay_checkpoint:Wide", replay=STEPS)
    node.beside = folder / "learner"
    return node


def main() -> None:
    draw = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        node = learner(Path(name))
        replay = node.algorithm.replay
        for _ in range(STEPS // 20_000):
            replay.add(steps(20_000, draw))
            node.state()
        file, taken = Path(name) / "learner.checkpoint", []
        for _ in range(REPEATS):
            replay.add(steps(FRESH, draw))
            began = time.perf_counter()
            state = node.state()
            appended = time.perf_counter()
            checkpoint.save(file, state)
            taken.append((time.perf_counter() - began, appended - began))
        total, rows = np.median(taken, axis=0) * 1000
        began = time.perf_counter()
        learner(Path(name)).load(unpack_state(file.read_bytes()[4:]))
        back = time.perf_counter() - began
        sizes = {
            kind: round((Path(name) / f"learner.{kind}").stat().st_size / 1e6, 1) for kind in ("checkpoint", "replay")
        }
    figures = {"checkpoint_ms": round(total, 1), "rows_ms": round(rows, 1), "restart_s": round(back, 2)}
    print(json.dumps(figures | {f"{kind}_mb": size for kind, size in sizes.items()}))


if __name__ == "__main__":
    main()
