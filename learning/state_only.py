"""Imitation of states alone (GAIfO, Torabi et al. 2018, arXiv 1807.06158): no action of the expert is known.

How the observation changed in a step takes the action's place in what the discriminator sees, [..., O]. It is scaled so
that most of the expert's changes lie within -1 and 1, as actions do.
"""

from collections.abc import Sequence

import numpy as np

from tutelage.learning import pairs
from tutelage.learning.replay import Windows
from tutelage.learning.rollout import Demonstration, Rollout, Spaces

DEVIATIONS = 3.0
"""of the expert's changes that are 1; what is beyond is clipped"""


def changes(observation: np.ndarray) -> np.ndarray:
    """Of the observations of an episode, [steps + 1, O] to [steps, O]."""
    return observation[1:] - observation[:-1]


def seen_spaces(spaces: Spaces) -> Spaces:
    """What the discriminator sees of a task."""
    return Spaces(spaces.observation, spaces.observation, discrete=False)


def change_scale(demonstrations: Sequence[Demonstration]) -> np.ndarray:
    """The factor of changes, float32 [O]."""
    deviation = np.concatenate([one.action for one in demonstrations]).std(axis=0)
    return (1 / np.maximum(DEVIATIONS * deviation, 1e-6)).astype(np.float32)


def demonstration(shown: Demonstration, scale: np.ndarray) -> Demonstration:
    """A demonstration, whose action is the change already, with scaled ones."""
    return shown._replace(action=shown.action * scale)


def rollout(done: Rollout, scale: np.ndarray) -> Rollout:
    """A rollout with scaled changes as its actions."""
    return done._replace(action=(done.next_observation - done.observation) * scale)


def windows(sampled: Windows, scale: np.ndarray) -> Windows:
    """Runs of a replay buffer with scaled changes as their actions."""
    o = len(scale)
    spaces, observation = Spaces(o, o, discrete=False), sampled.steps[:, :, :o]
    steps = pairs.step_rows(spaces, observation, (sampled.following - observation) * scale)
    ending = pairs.ending_rows(spaces, sampled.last_observation)
    return sampled._replace(steps=steps.reshape(*sampled.counts.shape, -1), ending=ending)
