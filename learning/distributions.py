"""Log-probability and entropy of actions, from the policy network's output, with their gradients written out."""

import math

import numpy as np


class Categorical:
    """Choices, int64 [B], by logits float32 [B, A]. Log-probabilities, [B], and entropies, [B], are in nats."""

    def __init__(self, logit: np.ndarray, action: np.ndarray) -> None:
        log_probs = logit - logit.max(axis=1, keepdims=True)
        log_probs -= np.log(np.exp(log_probs).sum(axis=1, keepdims=True))
        self.action, self.log_probs, self.probs = action, log_probs, np.exp(log_probs)
        self.log_prob = log_probs[np.arange(len(action)), action]
        self.entropy = -(log_probs * self.probs).sum(axis=1)

    def gradient(self, by_log_prob: np.ndarray, by_entropy: float = 0.0) -> tuple[np.ndarray]:
        """By the logits, [B, A], from those by the log-probabilities, [B], and by the mean entropy."""
        by_entropies = by_entropy / len(self.action)
        by_logit = -self.probs * (by_log_prob[:, None] + by_entropies * (self.log_probs + self.entropy[:, None]))
        by_logit[np.arange(len(self.action)), self.action] += by_log_prob
        return (by_logit,)


class Gaussian:
    """Numbers [B, A] by their means [B, A] and the logarithms of their deviations [A], float32."""

    def __init__(self, mean: np.ndarray, log_std: np.ndarray, action: np.ndarray) -> None:
        self.std = np.exp(log_std)
        self.distance = (action - mean) / self.std
        self.log_prob = -(0.5 * self.distance**2 + log_std + 0.5 * math.log(2 * math.pi)).sum(axis=1)
        self.entropy = (log_std + 0.5 * math.log(2 * math.pi * math.e)).sum()

    def gradient(self, by_log_prob: np.ndarray, by_entropy: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """By the means, [B, A], and by log_std, [A], from those by the log-probabilities, [B], and by the entropy."""
        by_distance = by_log_prob[:, None] * self.distance
        return by_distance / self.std, by_log_prob @ (self.distance**2 - 1) + by_entropy
