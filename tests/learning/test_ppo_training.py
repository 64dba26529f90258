"""What the learner has learned after some rollouts."""

import numpy as np
import pytest

from tests.parts.examples import CONTINUOUS, DISCRETE, rollout
from tutelage.learning.acting import forward
from tutelage.learning.draws import generator
from tutelage.learning.ppo import PPO, Settings


def test_means_beyond_the_bounds_come_back():
    """Where all actions are applied as the bound, all are worth the same."""
    ppo = PPO(CONTINUOUS, seed=0)
    ppo.parameters.named["policy.2.bias"][:] = 3.0
    for k in range(40):
        data = rollout(CONTINUOUS, ppo.tensors(), k, steps=32)
        ppo.update(data, np.zeros(data.log_prob.shape, np.float32), 0.0, generator(0, "learner", k))
    assert np.abs(forward(ppo.tensors(), data.observation.reshape(-1, CONTINUOUS.observation))).mean() < 1


def test_what_is_rewarded_becomes_likelier():
    ppo = PPO(DISCRETE, seed=0, settings=Settings(discount=0.5))
    for k in range(20):
        data = rollout(DISCRETE, ppo.tensors(), k, steps=32)
        ppo.update(data, (data.action == 1).astype(np.float32), 0.0, generator(0, "learner", k))
    assert (rollout(DISCRETE, ppo.tensors(), 100).action == 1).mean() > 0.9


@pytest.mark.parametrize("absorbing_reward, liked", [(5.0, 1), (-5.0, 0)])
def test_an_end_is_sought_or_avoided_by_what_it_pays(absorbing_reward, liked):
    """Action 1 ends the task; nothing else is paid."""
    ppo = PPO(DISCRETE, seed=0, settings=Settings(discount=0.9))
    for k in range(30):
        data = rollout(DISCRETE, ppo.tensors(), k, steps=32)
        data = data._replace(terminated=data.action == 1, truncated=np.zeros_like(data.truncated))
        ppo.update(data, np.zeros(data.action.shape, np.float32), absorbing_reward, generator(0, "learner", k))
    assert (rollout(DISCRETE, ppo.tensors(), 100).action == liked).mean() > 0.8
