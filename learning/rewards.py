"""Reward forms: from the discriminator's output to the policy's reward.

Each is a function of `expert_logit`, which is high where a pair looks like the expert's: D = sigmoid(expert_logit)
is the probability that the pair is the expert's. (The note trains D towards 1 on the policy's pairs; its reward
-log D is therefore -log(1 - D) here, `note`.) Every form rises with expert_logit, but FAIRL's only up to a logit
of -1: it pays for what the policy does often and the expert sometimes, so the policy covers all the expert does.

| form | formula | sign | bias on an episode's length, without absorbing states |
|---|---|---|---|
| note | -log(1 - D) = softplus(logit) | positive | rewards staying alive |
| log_d | log D = -softplus(-logit) | negative | rewards ending early |
| logit | log D - log(1 - D) = logit | both | none by itself (AIRL, Fu et al. 2018) |
| fairl | -logit * exp(logit) | both | rewards ending early where the expert is likelier (Ghasemipour et al. 2020) |
"""

from collections.abc import Callable

import numpy as np


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + exp x)."""
    return np.logaddexp(np.float32(0), x)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp -x), which is D of a logit. By tanh no exponential overflows."""
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def note(expert_logit: np.ndarray) -> np.ndarray:
    """-log(1 - D): the note's -log D, with its opposite labels."""
    return softplus(expert_logit)


def log_d(expert_logit: np.ndarray) -> np.ndarray:
    """log D."""
    return -softplus(-expert_logit)


def logit(expert_logit: np.ndarray) -> np.ndarray:
    """log D - log(1 - D), the log-ratio of the densities: the reward of AIRL and of the reverse KL divergence."""
    return expert_logit


def fairl(expert_logit: np.ndarray) -> np.ndarray:
    """-h exp(h) for h the logit: the reward of the forward KL divergence, positive where the policy is likelier."""
    return -expert_logit * np.exp(expert_logit)


FORMS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"note": note, "log_d": log_d, "logit": logit, "fairl": fairl}
