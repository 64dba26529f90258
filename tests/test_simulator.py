"""Copies of a task with a time limit do not run into it together."""

import numpy as np

from messages import Action, Episode, Transition
from nodes.simulator import Simulator
from tutelage import Message

COPIES = 4


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


def test_a_task_without_a_time_limit_is_not_cut():
    said = steps_of("gymnasium.envs.classic_control.mountain_car:MountainCarEnv", 300)
    (transition,) = [message for message in said if isinstance(message, Transition)]
    assert not transition.truncated.any()
