"""Episodes of an expert for tests: made up, or really driven; as trajectories, and as takes in a recording."""

import time
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import gymnasium
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tutelage.codec import Header
from tutelage.finite import LIMIT
from tutelage.message import schema, values
from tutelage.messages import Take
from tutelage.recording import Writer
from tutelage.tasks.known import LAWS
from tutelage.tasks.playing import episode, observations
from tutelage.tasks.task import Task
from tutelage.teaching.formats.trajectory import Trajectory

NUMBERS = st.floats(-LIMIT, LIMIT, width=32, exclude_min=True, exclude_max=True)
NAMES = st.text("abc ~äß日1", max_size=5).map(str.strip)


class Mine(gymnasium.Wrapper[Any, Any, Any, Any]):
    """A wrapper as people write them."""


@st.composite
def trajectories(draw: st.DrawFn) -> list[Trajectory]:
    """Episodes that differ in all that a format may hold."""
    dtype, width = draw(st.sampled_from([np.float32, np.float64])), draw(st.integers(1, 3))
    acts = draw(st.sampled_from([None, 1, 2]))
    return [draw(_trajectory(number, dtype, width, acts)) for number in range(draw(st.integers(1, 3)))]


@st.composite
def _trajectory(draw: st.DrawFn, number: int, dtype: Any, width: int, acts: int | None) -> Trajectory:
    steps = draw(st.integers(1, 5))
    discrete = arrays(np.int64, steps, elements=st.integers(0, 3))
    ends = draw(st.sampled_from([(True, False), (False, True), (True, True)]))
    return Trajectory(
        draw(arrays(dtype, (steps + 1, width), elements=NUMBERS)),
        draw(arrays(np.float32, (steps, acts), elements=NUMBERS) if acts else discrete),
        draw(arrays(dtype, steps, elements=NUMBERS)),
        *ends,
        number,
        operator=draw(NAMES),
        device=draw(NAMES),
        seed=draw(st.none() | st.integers(0, 2**31)),
        when=draw(st.none() | st.floats(0, 2e9)),
        rate=draw(st.none() | st.floats(0.5, 500)),
    )


def driven(env: str, number: int, most: int = 10_000, operator: str = "ann") -> Trajectory:
    """What the scripted expert does in an episode, `most` steps; its seed is its number."""
    environment = Task(env).make()
    steps = list(islice(episode(environment, LAWS[env], number), most))
    environment.close()
    last = steps[-1]
    reward = np.array([step.reward for step in steps], np.float32)
    return Trajectory(
        observations(steps), np.array([step.action for step in steps]), reward, last.terminated,
        last.truncated or not last.terminated, number, operator=operator, device="scripted", seed=number,
    )  # fmt: skip


def take(env: str, one: Trajectory, verdict: Literal["kept", "discarded"] = "kept") -> Take:
    """An episode as a teleoperator says it, driven at 50 steps a second."""
    captured = np.arange(len(one.observation)) * 20_000_000
    return Take(
        0,
        0,
        take=one.number,
        verdict=verdict,
        observation=one.observation,
        action=Task(env).spaces.from_task(one.action),
        reward=one.reward,
        terminated=one.terminated,
        truncated=one.truncated,
        captured=captured,
        applied=captured[1:],
        operator=one.operator,
        device=one.device,
        seed=one.seed or 0,
    )


def record(path: Path, takes: list[Take], run: str = "run", **about: str) -> None:
    """A recording in which a teleoperator said these takes; what it says `about` its run."""
    writer = Writer(path, about)
    for i, one in enumerate(takes):
        now = time.monotonic_ns()
        writer.add(Take.topic, schema(Take), Header(run, "teleoperator", 0, i, now, now), values(one), now)
    writer.close()
