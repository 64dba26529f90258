"""Tasks: how they are named, what they accept, and their copies stepped together."""

import gymnasium
import numpy as np
import pytest

from tutelage.input.problems import Refusal
from tutelage.tasks.task import Environments, Task, TaskSpaces


def test_a_continuous_action_goes_to_the_bounds_and_back() -> None:
    spaces = TaskSpaces(3, 2, False, np.array([0.0, -10.0]), np.array([1.0, 10.0]))
    np.testing.assert_allclose(spaces.to_task(np.array([[0.0, 3.0]])), [[0.5, 10]])  # 3 is clipped to 1
    np.testing.assert_allclose(spaces.from_task(np.array([[0.5, 10.0]])), [[0, 1]])


@pytest.mark.parametrize("env", ["CartPole-v1", "Pendulum-v1", "MountainCarContinuous-v0"])
def test_copies_do_what_gymnasiums_own_vector_environment_does(env: str) -> None:
    task, rng = Task(env), np.random.default_rng(0)
    ours = Environments(task, 3)
    theirs = gymnasium.make_vec(env, 3, vectorization_mode="sync")
    observation, _ = theirs.reset(seed=[5, 6, 7])  # type: ignore[arg-type]
    np.testing.assert_array_equal([ours.reset(i, seed) for i, seed in enumerate((5, 6, 7))], observation)
    for _ in range(8):  # no episode ends so soon
        action = rng.integers(2, size=3) if task.spaces.discrete else rng.uniform(-1, 1, (3, 1)).astype(np.float32)
        got, wanted = ours.step(action), theirs.step(task.spaces.to_task(action))
        for mine, other in zip(got, wanted[:4], strict=True):
            np.testing.assert_array_equal(mine, other)
    theirs.close()
    ours.close()


def test_an_environment_can_be_told_more_than_its_name() -> None:
    task = Task({"id": "Pendulum-v1", "arguments": {"g": 1.0}, "wrappers": ["gymnasium.wrappers:FlattenObservation"]})
    made = task.make()
    assert made.unwrapped.g == 1.0
    assert isinstance(made, gymnasium.wrappers.FlattenObservation)


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ("NoSuch-v1", "cannot be made"),
        ("Blackjack-v1", "a flat Box is needed"),
        ("nowhere:make", "is not there"),
        ({"id": "CartPole-v1", "argument": {}}, "must be a name, or a mapping of id, arguments and wrappers"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_a_sentence(env: str | dict[str, object], sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        _ = Task(env).spaces
