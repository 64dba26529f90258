"""Copies of a task with a time limit do not run into it together."""

import gymnasium
import numpy as np

from tutelage import Message
from tutelage.messages import Action, Episode, Transition
from tutelage.nodes.simulator import Simulator

COPIES = 4


class Plain(gymnasium.Wrapper):
    """A wrapper around a limit."""


def steps_of(env: str, count: int) -> list[Message]:
    """What a simulator says of one rollout in which nobody does anything."""
    simulator = Simulator(env, COPIES, count)
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
