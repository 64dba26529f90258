"""An actor of soft actor-critic that begins as a copy of another policy, whatever network that one has."""

import numpy as np
import torch

from tutelage.learning import pairs, relu
from tutelage.learning.acting import Tensors, act
from tutelage.learning.adam import Adam
from tutelage.learning.sac import SAC

STEPS, BATCH, RATE = 2000, 128, 1e-3
"""gradient steps, rows in each, and the learning rate, which falls to zero"""
DEVIATION_BIAS = 0.0
"""of a continuous action's deviation: squashed, it begins at exp(-2) = .14"""


@torch.no_grad()
def fit(learner: SAC, policy: Tensors, observation: np.ndarray, generator: np.random.Generator) -> None:
    """Behaviour cloning of a policy's likeliest actions, at observations float32 [rows, O].

    An actor of SAC is a squashed Gaussian, the policy may be any of `learning.acting`: actions are copied, not weights.
    """
    rows = pairs.step_rows(learner.spaces, observation, act(policy, observation)[0])
    named, adam = learner.actor.named, Adam(learner.actor.flat)
    if not learner.spaces.discrete:
        named["actor.2.bias"][..., learner.spaces.action :] = DEVIATION_BIAS
    for step in range(STEPS):
        seen, action = learner.split(rows[generator.integers(len(rows), size=BATCH)])
        output, trace = relu.forward(named, "actor", seen, norm=False)
        _, gradient = learner.head.cloning(output[0], action)
        parts = relu.backward(named, "actor", trace, gradient[None])
        adam.step(torch.cat([*(part.ravel() for part in parts), torch.zeros(1)]), RATE * (1 - step / STEPS))
    learner.mean_actor.flat.copy_(learner.actor.flat)
