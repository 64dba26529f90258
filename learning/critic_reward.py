"""The reward that a critic implies, as inverse soft Q-learning recovers it (`learning.iq`). Runs without torch.

The critic says what a step and all that follow are worth. So what the step itself earns is the difference from what
follows: r = Q(s, a) - discount * Q(s', a'), where a' is the policy's likeliest action. The fit wants 1 of the expert's
steps and -1 of others. What is beyond is an error, where the critic has learned little; a fresh policy would seek it.
The entropy's part of the value is left out. A step that terminates earns what the absorbing state after it does.
"""

import numpy as np

from tutelage.learning.acting import Tensors, act, scaled
from tutelage.learning.rollout import Rollout

EPSILON = 1e-5
"""added to the variance by layer norm, as in `learning.relu`"""


def critic_reward(tensors: Tensors, steps: Rollout) -> tuple[np.ndarray, np.ndarray]:
    """The rewards of steps, from -1 to 1, and of the absorbing states after them, float32 [T, N] each.

    tensors: a policy's (see `learning.acting`), the twin critics' (`learning.critics`), `discount` [1], and
    `tells_endings` [1]: whether an expert's episode has terminated. If none has, an absorbing state is none of the
    expert's, and earns -1; else it goes on earning what its last step promised.
    """
    discount = tensors["discount"][0]
    promised = _value(tensors, steps.observation, steps.action)
    following = steps.next_observation.reshape(-1, steps.next_observation.shape[-1])
    likeliest = act(tensors, following)[0].reshape(steps.action.shape)
    earned = promised - discount * _value(tensors, steps.next_observation, likeliest)
    for_ever = (1 - discount) * promised if tensors["tells_endings"][0] else np.full_like(promised, -1)
    return np.where(steps.terminated, for_ever, earned).clip(-1, 1), for_ever.clip(-1, 1)


def _value(tensors: Tensors, observation: np.ndarray, action: np.ndarray) -> np.ndarray:
    """The lesser of the twin critics' values, [T, N], of observations [T, N, O] and actions [T, N] or [T, N, A]."""
    discrete = np.issubdtype(action.dtype, np.integer)
    seen = scaled(tensors, observation)
    output = _least(tensors, seen if discrete else np.concatenate([seen, action.clip(-1, 1)], axis=2))
    return np.take_along_axis(output, action[..., None], axis=2)[..., 0] if discrete else output[..., 0]


def _least(tensors: Tensors, inputs: np.ndarray) -> np.ndarray:
    """[T, N, in] to [T, N, out]."""
    h = inputs.reshape(1, -1, inputs.shape[-1])
    for layer in (0, 1):
        h = _linear(tensors, layer, h)
        h = (h - h.mean(axis=2, keepdims=True)) / np.sqrt(h.var(axis=2, keepdims=True) + EPSILON)
        h = np.maximum(h, 0)
    least: np.ndarray = _linear(tensors, 2, h).min(axis=0).reshape(*inputs.shape[:2], -1)
    return least


def _linear(tensors: Tensors, layer: int, h: np.ndarray) -> np.ndarray:
    sums: np.ndarray = h @ tensors[f"critic.{layer}.weight"].transpose(0, 2, 1) + tensors[f"critic.{layer}.bias"]
    return sums
