"""Which action made an observation change so: an inverse model of a task (BCO, Torabi et al. 2018, arXiv 1805.01954).

It learns from what the policy did, and names the actions of an expert who showed states alone. These then draw the
actor as known ones do.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tutelage.learning import pairs, relu, state_only
from tutelage.learning.adam import Adam
from tutelage.learning.draws import generator as draw
from tutelage.learning.replay import Windows
from tutelage.learning.rollout import Demonstration
from tutelage.learning.sac import SAC


class InverseModel:
    """A network like the actor's. It sees a scaled observation and its scaled change, [B, 2 O]."""

    def __init__(self, sac: SAC, seed: int) -> None:
        self.sac, hidden = sac, sac.settings.hidden
        o, a, discrete = sac.spaces
        sizes = (2 * o, hidden, hidden, a if discrete else 2 * a)
        self.parameters = relu.Parameters(relu.arrays("inverse", 1, sizes, draw(seed, "learner", "inverse"), 0.01))
        self.adam = Adam(self.parameters.flat)

    @torch.no_grad()
    def learn(self, windows: Windows, scale: np.ndarray, rate: float) -> float:
        """A gradient step on each batch of these steps of the policy's; the mean distance from the actions taken.

        scale: the factor of changes (see `learning.state_only`).
        """
        size, (_, action) = self.sac.settings.batch, self.sac.split(windows.steps[0])
        seen = self._seen(state_only.windows(windows, scale).steps[0])
        parts = zip(seen.split(size), action.split(size), strict=True)
        return float(np.mean([self._step(*part, rate) for part in parts]))

    @torch.no_grad()
    def named(self, demonstrations: Sequence[Demonstration], scale: np.ndarray) -> np.ndarray:
        """The expert's pairs, rows [pairs, O + A + 1], with the likeliest action of each change."""
        observation = np.concatenate([one.observation[:-1] for one in demonstrations])
        change = np.concatenate([state_only.demonstration(one, scale).action for one in demonstrations])
        seen = self._seen(pairs.step_rows(state_only.seen_spaces(self.sac.spaces), observation, change))
        output = relu.forward(self.parameters.named, "inverse", seen, norm=False)[0][0]
        return pairs.step_rows(self.sac.spaces, observation, self.sac.head.likeliest(output))

    def _seen(self, rows: np.ndarray) -> Tensor:
        return torch.cat(self.sac.split(rows), dim=1)

    def _step(self, seen: Tensor, action: Tensor, rate: float) -> float:
        output, trace = relu.forward(self.parameters.named, "inverse", seen, norm=False)
        distance, gradient = self.sac.head.cloning(output[0], action)
        parts = relu.backward(self.parameters.named, "inverse", trace, gradient[None])
        self.adam.step(torch.cat([part.ravel() for part in parts]), rate)
        return distance.item()
