"""An episode that is played: its steps, one after another, until the environment ends it."""

import gymnasium
import numpy as np
import pytest

from tutelage.input.problems import Refusal
from tutelage.nodes.evaluator import Evaluator
from tutelage.tasks import playing
from tutelage.tasks.cart_pole import cart_pole
from tutelage.tasks.playing import episode, observations, returns
from tutelage.tasks.task import Task


def test_an_episode_is_what_the_environment_does_by_itself():
    steps = list(episode(gymnasium.make("CartPole-v1"), lambda _: 1, seed=3))
    environment = gymnasium.make("CartPole-v1")
    rows = [environment.reset(seed=3)[0]]
    for step in steps:
        following, reward, terminated, truncated, _ = environment.step(1)
        np.testing.assert_array_equal((step.observation, step.following), (rows[-1], following))
        assert (step.action, step.reward, step.terminated, step.truncated) == (1, reward, terminated, truncated)
        rows.append(following)
    assert [step.terminated for step in steps] == [False] * (len(steps) - 1) + [True]
    np.testing.assert_array_equal(observations(steps), rows)
    assert observations(steps).dtype == np.float32


@pytest.mark.parametrize("limit", [7, 500])
def test_a_time_limit_ends_it_too(limit):
    steps = list(episode(gymnasium.make("CartPole-v1", max_episode_steps=limit), cart_pole, seed=0))
    assert (len(steps), steps[-1].terminated, steps[-1].truncated) == (limit, False, True)


def test_an_environment_may_write_to_the_array_that_it_has_returned():
    steps = list(episode(Task("tests.parts.odd_environments:Counting").make(), lambda _: 0))
    assert observations(steps).tolist() == [[0, 0], [1, 1], [2, 2], [3, 3], [4, 4]]


def test_it_can_be_left_in_its_midst_and_the_next_one_begins_anew():
    environment = gymnasium.make("CartPole-v1")
    first = next(episode(environment, cart_pole, seed=0))
    again = next(episode(environment, cart_pole, seed=0))
    np.testing.assert_array_equal(first.following, again.following)


def test_an_episode_without_an_end_is_refused(monkeypatch):
    monkeypatch.setattr(playing, "LONGEST", 30)
    task = Task("tests.parts.odd_environments:endless")
    with pytest.raises(
        Refusal, match=r"not ended after 30 steps, and there is no time limit: .*max_episode_steps: 500"
    ):
        list(episode(task.make(), lambda _: np.zeros(1)))
    shapes = {"policy.0": (8, 3), "policy.1": (8, 8), "policy.2": (1, 8)}
    tensors: dict[str, np.ndarray] = {f"{name}.weight": np.zeros(shape, np.float32) for name, shape in shapes.items()}
    tensors |= {f"{name}.bias": np.zeros(shape[0], np.float32) for name, shape in shapes.items()}
    tensors |= {"observation.mean": np.zeros(3), "observation.scale": np.ones(3), "policy.log_std": np.zeros(1)}
    with pytest.raises(Refusal, match="endless: an episode has not ended after 30 steps"):
        returns(task, tensors, 2, 0, sample=False)


def test_an_environment_without_a_time_limit_is_refused_before_the_run_begins_unless_it_ends_by_itself(monkeypatch):
    monkeypatch.setattr(playing, "LONGEST", 300)
    for env in ("Pendulum-v1", "gymnasium.envs.classic_control:CartPoleEnv", "balance.beam:Beam"):
        Evaluator(env)
    with pytest.raises(Refusal, match="an episode has not ended after 300 steps, and there is no time limit: give it"):
        Evaluator("tests.parts.odd_environments:endless")
    registered = {"id": "Unlimited-v0", "arguments": {"max_episode_steps": 500}}
    with pytest.raises(Refusal, match="an episode has not ended"):
        Evaluator("tests.parts.odd_environments:Unlimited-v0")
    Evaluator({**registered, "id": "tests.parts.odd_environments:Unlimited-v0"})
