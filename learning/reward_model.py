"""What an off-policy learner takes a discriminator to say, by its weights.

Where no expert's episode has terminated, an absorbing state is none of the expert's, whatever the network says. Its
slope is bounded, so far from the expert's states it may give an absorbing state more than a step: dying would pay.

`tensors` is what `Discriminator.tensors()` gives: three layers with tanh between them, the scaling of observations, and
whether it tells endings apart; and the factor of changes if it sees states alone.
"""

from collections.abc import Mapping

import numpy as np

from tutelage.learning import pairs, state_only
from tutelage.learning.networks import Pass
from tutelage.learning.rollout import Spaces

Tensors = Mapping[str, np.ndarray]

NEVER = np.float32(-10)
"""expert_logit of an absorbing state that no expert has reached"""

BLOCK = 1024
"""rows that are computed at once: what lies between the layers stays in the processor's cache"""


def expert_logit(tensors: Tensors, rows: np.ndarray) -> np.ndarray:
    """High where a row looks like the expert's: rows [rows, O + A + 1] of `learning.pairs` to float32 [rows]."""
    blocks = range(0, max(1, len(rows)), BLOCK)
    return np.concatenate([_expert_logit(tensors, rows[first : first + BLOCK].copy()) for first in blocks])


def _expert_logit(tensors: Tensors, x: np.ndarray) -> np.ndarray:
    o = len(tensors["observation.mean"])
    x[:, :o] = (x[:, :o] - tensors["observation.mean"]) * tensors["observation.scale"]
    logit = Pass(tensors, "discriminator", x).output[:, 0]
    return logit if tensors["tells_endings"] else np.where(x[:, -1] > 0, NEVER, logit)


def mean_expert_logit(tensors: Tensors, spaces: Spaces, observation: np.ndarray, action: np.ndarray) -> float:
    """Of the steps of one episode: [steps + 1, O] and its actions, as learners have them."""
    if "change.scale" in tensors:
        spaces, action = state_only.seen_spaces(spaces), state_only.changes(observation) * tensors["change.scale"]
    return float(expert_logit(tensors, pairs.step_rows(spaces, observation[:-1], action)).mean())
