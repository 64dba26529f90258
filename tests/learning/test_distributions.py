import math

import numpy as np
import pytest
import torch

from tutelage.learning.distributions import Categorical, Gaussian
from tutelage.learning.draws import generator


def test_categorical():
    # logits log 1 and log 3: probabilities 1/4, 3/4; entropy = 1/4 log 4 + 3/4 log(4/3)
    found = Categorical(np.array([[0.0, math.log(3)]] * 2), np.array([0, 1]))
    np.testing.assert_allclose(np.exp(found.log_prob), [1 / 4, 3 / 4])
    np.testing.assert_allclose(found.entropy, math.log(4) / 4 + 0.75 * math.log(4 / 3))


def test_gaussian():
    # deviations 1 and 2, distances 3 and 1 deviations: -9/2 - 1/2 - log 2 - log(2 pi); entropy = log 2 + log(2 pi e)
    found = Gaussian(np.array([[1.0, 1.0]]), np.array([0.0, math.log(2)]), np.array([[4.0, 3.0]]))
    np.testing.assert_allclose(found.log_prob, -5 - math.log(2) - math.log(2 * math.pi))
    np.testing.assert_allclose(found.entropy, math.log(2) + math.log(2 * math.pi * math.e))


@pytest.mark.parametrize("by_entropy", [0.0, -0.7])
def test_gradients_are_those_of_torch(by_entropy):
    draw = generator(0, "test")
    output, by_log_prob = draw.standard_normal((9, 3), np.float32), draw.standard_normal(9, np.float32)
    action, numbers = draw.integers(3, size=9), draw.standard_normal((9, 3), np.float32)
    log_std = draw.standard_normal(3, np.float32)

    leaf, deviation = (torch.tensor(array, requires_grad=True) for array in (output, log_std))
    choices = torch.distributions.Categorical(logits=leaf)
    normal = torch.distributions.Independent(torch.distributions.Normal(leaf, deviation.exp()), 1)
    for theirs, ours, taken, leaves in (
        (choices, Categorical(output, action), action, [leaf]),
        (normal, Gaussian(output, log_std, numbers), numbers, [leaf, deviation]),
    ):
        loss = (theirs.log_prob(torch.tensor(taken)) * torch.tensor(by_log_prob)).sum()
        wanted = torch.autograd.grad(loss + by_entropy * theirs.entropy().mean(), leaves)
        for got, want in zip(ours.gradient(by_log_prob, by_entropy), wanted, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)
            assert got.dtype == np.float32
