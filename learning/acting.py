"""The policy without torch: a few small matrix products in numpy, for which torch takes several times as long.

`tensors` is what a learner's `tensors()` gives and a weights message carries: float32 arrays by name. Their names say
what network it is:

| names | layers | output |
|---|---|---|
| policy.0 to 2 | tanh | logits of the choices |
| policy.0 to 2, policy.log_std [A] | tanh | means [A] of a Gaussian |
| actor.0 to 2 | ReLU, observations limited | logits of the choices |
| actor.0 to 2, actor.log_std [2] | ReLU, observations limited | means [A] before tanh squashes, and numbers [A] |

The tanh of the last numbers says where between the two of actor.log_std the logarithm of each deviation is.
"""

from collections.abc import Mapping

import numpy as np

from tutelage.learning.draws import Share
from tutelage.learning.networks import Pass
from tutelage.learning.rollout import Spaces

Draws = np.random.Generator | Share

Tensors = Mapping[str, np.ndarray]

LOG_STD = -5.0, 1.0
"""Bounds of the logarithm of a squashed Gaussian's deviation."""

LIMIT = 10.0
"""A scaled observation is clipped to -LIMIT..LIMIT for an actor: the scaling may be fixed before falls are seen."""


def act(tensors: Tensors, observation: np.ndarray, generator: Draws | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Actions and their log-probabilities for observations float32 [N, O]; without a generator the likeliest action.

    Discrete: int64 [N]. Continuous: float32 [N, A] in the frame where the task's bounds are -1 and 1, not clipped.

    Raises:
        FloatingPointError: an observation or the network's output is not finite.
    """
    output = forward(tensors, observation)
    if not (_finite(observation) and _finite(output)):
        raise FloatingPointError(_no_answer(observation, output))
    if "actor.log_std" in tensors:
        return _squashed(output, tensors["actor.log_std"], generator)
    if "policy.log_std" in tensors:
        return _gaussian(output, tensors["policy.log_std"], generator)
    return _categorical(output, generator)


def forward(tensors: Tensors, observation: np.ndarray) -> np.ndarray:
    """The network's output, [N, A] or [N, 2A]; see above."""
    if "actor.0.weight" in tensors:
        x = scaled(tensors, observation)
        x = np.maximum(x @ tensors["actor.0.weight"].T + tensors["actor.0.bias"], 0)
        x = np.maximum(x @ tensors["actor.1.weight"].T + tensors["actor.1.bias"], 0)
        return x @ tensors["actor.2.weight"].T + tensors["actor.2.bias"]
    x = (observation - tensors["observation.mean"]) * tensors["observation.scale"]
    return Pass(tensors, "policy", x).output


def _finite(array: np.ndarray) -> bool:
    """Whether all numbers and their squares are finite, as the learners need."""
    return bool(np.vdot(array, array) < np.inf)  # in half the time of np.isfinite(array).all()


def _no_answer(observation: np.ndarray, output: np.ndarray) -> str:
    row = next(i for i, pair in enumerate(zip(observation, output, strict=True)) if not all(map(_finite, pair)))
    seen, found = observation[row].tolist(), output[row].tolist()
    return (
        f"the policy has no answer to the observation {seen}: its network gives {found}, which are no numbers to act on"
    )


def scaled(tensors: Tensors, observation: np.ndarray) -> np.ndarray:
    """Observations as an actor sees them."""
    return np.clip((observation - tensors["observation.mean"]) * tensors["observation.scale"], -LIMIT, LIMIT)


def _categorical(logit: np.ndarray, generator: Draws | None) -> tuple[np.ndarray, np.ndarray]:
    logit = logit - logit.max(axis=1, keepdims=True)
    weight = np.exp(logit)
    total = weight.sum(axis=1)
    if generator is None:
        action = logit.argmax(axis=1)
    else:  # invert the cumulative distribution; the last column is left out, so that rounding cannot exceed it
        threshold = generator.random(len(logit), dtype=np.float32) * total
        action = (weight.cumsum(axis=1)[:, :-1] <= threshold[:, None]).sum(axis=1)
    return action, logit[np.arange(len(logit)), action] - np.log(total)


def _gaussian(mean: np.ndarray, log_std: np.ndarray, generator: Draws | None) -> tuple[np.ndarray, np.ndarray]:
    noise = np.zeros_like(mean) if generator is None else generator.standard_normal(mean.shape, dtype=np.float32)
    action = mean + np.exp(log_std) * noise
    log_prob = (-0.5 * noise * noise - log_std).sum(axis=1) - np.float32(0.5 * np.log(2 * np.pi)) * mean.shape[1]
    return action, log_prob


def _squashed(output: np.ndarray, bounds: np.ndarray, generator: Draws | None) -> tuple[np.ndarray, np.ndarray]:
    mean, raw = np.split(output, 2, axis=1)
    log_std = bounds[0] + np.float32(0.5) * (bounds[1] - bounds[0]) * (np.tanh(raw) + 1)
    drawn, log_prob = _gaussian(mean, log_std, generator)
    log_slope = 2 * (np.float32(np.log(2)) - drawn - np.logaddexp(0, -2 * drawn))  # log(1 - tanh^2)
    return np.tanh(drawn), log_prob - log_slope.sum(axis=1)


def spaces_of(tensors: Tensors) -> Spaces:
    """A policy's spaces, from the names and shapes of its tensors.

    Raises:
        LookupError: these are no policy's tensors.
    """
    name = "actor" if "actor.0.weight" in tensors else "policy"
    discrete, outputs = f"{name}.log_std" not in tensors, len(tensors[f"{name}.2.weight"])
    squashed = name == "actor" and not discrete  # a mean and a deviation for each number
    return Spaces(tensors[f"{name}.0.weight"].shape[1], outputs // 2 if squashed else outputs, discrete)
