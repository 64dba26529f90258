"""Copies of a task with a time limit do not run into it together; several simulators step them as one does."""

import gymnasium
import numpy as np
import pytest

from tutelage import Message
from tutelage.input.problems import Refusal
from tutelage.messages import Action, Episode, Reward, Transition
from tutelage.nodes.gatherer import Gatherer
from tutelage.nodes.simulator import Simulator

COPIES = 4


class Plain(gymnasium.Wrapper):
    """A wrapper around a limit."""


def steps_of(env: str, count: int, part: int = 0, parts: int = 1) -> list[Message]:
    """What a simulator says of one rollout in which nobody does anything."""
    simulator = Simulator(env, COPIES, count, part=part, parts=parts)
    said = list(simulator.start())
    for step in range(count):
        said += simulator.hear(
            Action(0, step, np.ones(COPIES, np.int64), np.zeros(COPIES, np.float32), policy_version=0)
        )
    return said


def test_first_episodes_are_cut_at_different_steps_and_only_whole_ones_are_counted():
    said = steps_of("MountainCar-v0", 200)
    (transition,) = [message for message in said if isinstance(message, Transition)]
    assert [list(np.flatnonzero(copy)) for copy in transition.truncated.T] == [[49], [99], [149], [199]]
    assert not transition.terminated.any()
    (episode,) = [message for message in said if isinstance(message, Episode)]
    assert (episode.environment, episode.length) == (3, 200)


def test_a_time_limit_is_known_of_tasks_that_a_function_makes_too():
    made = "drivers.rig.environment:randomised_cart_pole"
    for env in (made, {"id": made, "wrappers": [f"{__name__}:Plain"]}):
        assert Simulator(env, COPIES).first_length.tolist() == [125, 250, 375, 500]


def test_a_task_without_a_time_limit_is_not_cut():
    said = steps_of("gymnasium.envs.classic_control.mountain_car:MountainCarEnv", 300)
    (transition,) = [message for message in said if isinstance(message, Transition)]
    assert not transition.truncated.any()


def test_parts_that_are_gathered_are_the_whole():
    whole, *parts = [steps_of("MountainCar-v0", 200, part, parts) for part, parts in ((0, 1), (0, 2), (1, 2))]
    gatherer = Gatherer(parts=2)
    gathered = [
        message
        for kind in (Transition, Reward)
        for part in parts
        for one in part
        if isinstance(one, kind)
        for message in gatherer.hear(one)
    ]
    expected = [one for one in whole if isinstance(one, Transition | Reward)]
    assert [type(one) for one in gathered] == [Transition, Reward]
    for one, other in zip(gathered, expected, strict=True):
        for field in type(one).declared:
            np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))
    ended = [one.episode_return for one in whole if isinstance(one, Episode)]
    assert [(one.environment, one.episode_return) for one in parts[1] if isinstance(one, Episode)] == [(3, ended[0])]
    assert not any(isinstance(one, Episode) for one in parts[0])


def test_a_gatherer_that_was_restarted_goes_on_with_the_parts_it_had():
    (first,), (second,) = (
        [one for one in steps_of("CartPole-v1", 3, i, 2) if isinstance(one, Transition)] for i in (0, 1)
    )
    before, after = Gatherer(parts=2), Gatherer(parts=2)
    assert list(before.hear(first)) == []
    after.load(before.state())
    (gathered,) = after.hear(second)
    assert isinstance(gathered, Transition)
    assert gathered.action.shape == (3, COPIES)


def test_copies_that_cannot_be_shared_equally_are_refused():
    with pytest.raises(Refusal, match="4 copies cannot be shared equally by 3 simulators: choose a multiple of 3"):
        Simulator("CartPole-v1", COPIES, parts=3)
