"""Small made-up rollouts and demonstrations for the tests of this room."""

import numpy as np

from tutelage.learning.acting import act
from tutelage.learning.draws import generator
from tutelage.learning.rollout import Demonstration, Rollout, Spaces

DISCRETE, CONTINUOUS = Spaces(3, 2, True), Spaces(3, 2, False)


def rollout(spaces, tensors, k=0, steps=8, environments=4):
    draw = generator(0, "test rollout", k)
    shape = (steps, environments)
    observation = draw.standard_normal((*shape, spaces.observation), dtype=np.float32)
    action, log_prob = zip(*(act(tensors, row, draw) for row in observation), strict=True)
    ended = draw.random(shape)
    following = draw.standard_normal(observation.shape, dtype=np.float32)
    return Rollout(observation, np.array(action), following, np.array(log_prob), ended < 0.1, ended > 0.9)


def demonstration(spaces, terminated=True, steps=20):
    draw = generator(0, "test demonstration")
    observation = draw.standard_normal((steps + 1, spaces.observation), dtype=np.float32) + 2
    action = np.ones(steps, np.int64) if spaces.discrete else np.full((steps, spaces.action), 0.5, np.float32)
    return Demonstration(observation, action, terminated, not terminated)
