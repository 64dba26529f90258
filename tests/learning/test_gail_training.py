"""What the discriminator has learned after forty rollouts."""

from functools import cache

import numpy as np
import pytest

from tests.parts.examples import CONTINUOUS, DISCRETE, demonstration, rollout
from tutelage.learning.draws import generator
from tutelage.learning.gail import Discriminator
from tutelage.learning.ppo import PPO


@cache
def trained(spaces, terminated=True):
    discriminator = Discriminator(spaces, seed=0)
    tensors = PPO(spaces, seed=0).tensors()
    for k in range(40):
        data = rollout(spaces, tensors, k)
        metrics = discriminator.update([demonstration(spaces, terminated)], data, generator(0, "discriminator", k))
    return discriminator, data, metrics


def like_the_expert(data, spaces):
    """The rollout's shape, filled with the expert's pairs."""
    expert = demonstration(spaces)
    action = np.broadcast_to(expert.action[0], data.action.shape)
    return data._replace(observation=np.broadcast_to(expert.observation[3], data.observation.shape), action=action)


@pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])
def test_the_logit_is_high_for_the_expert(spaces):
    discriminator, data, metrics = trained(spaces, terminated=False)
    policy_logit, _ = discriminator.score(data)
    expert_logit, _ = discriminator.score(like_the_expert(data, spaces))
    assert policy_logit.shape == data.terminated.shape
    assert policy_logit.mean() < -0.5 < 0.5 < expert_logit.mean()
    assert metrics["discriminator/accuracy_expert"] > 0.8 and metrics["discriminator/accuracy_policy"] > 0.8


def test_an_end_that_the_expert_never_reaches_scores_low():
    discriminator, data, _ = trained(DISCRETE, terminated=False)
    _, absorbing = discriminator.score(data)
    ends = data.terminated
    assert absorbing[ends].max() < -0.5
    assert (absorbing[~ends] == 0).all()


def test_it_tells_how_an_episode_ended():
    discriminator, data, _ = trained(DISCRETE)
    as_expert = np.broadcast_to(demonstration(DISCRETE).observation[-1], data.next_observation.shape)
    ends = data.terminated
    ours, theirs = (discriminator.score(d)[1][ends] for d in (data, data._replace(next_observation=as_expert)))
    assert ours.mean() < 0 < theirs.min()
