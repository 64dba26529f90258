"""Episodes of an expert for tests: made up, or really driven; as trajectories, and as takes in a recording."""

import time
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from drivers.formats.trajectory import Trajectory
from drivers.scripted import scripted
from messages import Take
from tutelage.codec import Header
from tutelage.finite import LIMIT
from tutelage.message import schema, values
from tutelage.recording import Writer
from tutelage.task import Task

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


def driven(env: str, number: int, steps: int = 10_000, operator: str = "ann") -> Trajectory:
    """What the scripted expert does in an episode, `steps` at most; its seed is its number."""
    environment: Any = gymnasium.make(env)
    observation, _ = environment.reset(seed=number)
    law, observations = scripted(env), [observation]
    actions: list[Any] = []
    rewards: list[float] = []
    terminated = truncated = False
    while not (terminated or truncated) and len(actions) < steps:
        actions.append(law(observation))
        observation, reward, terminated, truncated, _ = environment.step(actions[-1])
        observations.append(observation)
        rewards.append(reward)
    environment.close()
    ends = bool(terminated), bool(truncated or not terminated)
    shown = np.array(observations, np.float32), np.array(actions), np.array(rewards, np.float32)
    return Trajectory(*shown, *ends, number, operator=operator, device="scripted", seed=number)


def take(env: str, one: Trajectory, verdict: str = "kept") -> Take:
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
