import math

import torch

from tutelage.learning.distributions import categorical, gaussian


def test_categorical():
    # logits log 1 and log 3: probabilities 1/4, 3/4; entropy = 1/4 log 4 + 3/4 log(4/3)
    log_prob, entropy = categorical(torch.tensor([[0.0, math.log(3)]] * 2), torch.tensor([0, 1]))
    torch.testing.assert_close(log_prob, torch.tensor([1 / 4, 3 / 4]).log())
    torch.testing.assert_close(entropy, torch.full((2,), math.log(4) / 4 + 0.75 * math.log(4 / 3)))


def test_gaussian():
    # deviations 1 and 2, distances 3 and 1 deviations: -9/2 - 1/2 - log 2 - log(2 pi); entropy = log 2 + log(2 pi e)
    action, mean, log_std = torch.tensor([[4.0, 3.0]]), torch.tensor([[1.0, 1.0]]), torch.tensor([0.0, math.log(2)])
    log_prob, entropy = gaussian(mean, log_std, action)
    torch.testing.assert_close(log_prob, torch.tensor([-5 - math.log(2) - math.log(2 * math.pi)]))
    torch.testing.assert_close(entropy, torch.tensor(math.log(2) + math.log(2 * math.pi * math.e)))
