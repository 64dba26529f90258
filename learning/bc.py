"""Behaviour cloning (Bain and Sammut 1995): the expert's actions are learned as labels of its observations.

Discrete actions by maximum likelihood; continuous ones by the likelihood of a Gaussian, or by mean squared error.
Some pairs are held out; the result is the weights that predict these best.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tutelage.learning.adam import Adam
from tutelage.learning.distributions import Categorical, Gaussian
from tutelage.learning.draws import generator as draw
from tutelage.learning.networks import Parameters, Pass, mlp_arrays
from tutelage.learning.normaliser import Normaliser
from tutelage.learning.rollout import Demonstrations, Spaces

SEVERAL = 5
"""From so many held-out demonstrations on, they are held out whole."""


@dataclass(frozen=True)
class Settings:
    """Settings of behaviour cloning."""

    loss: Literal["likelihood", "squared_error"] = "likelihood"
    """likelihood, or squared_error where actions are continuous"""
    learning_rate: float = 3e-3
    """at the beginning; it falls with the epochs after the last demonstration"""
    minibatch: int = 128
    """pairs in a minibatch"""
    minibatches: int = 32
    """least number in an epoch: few pairs are used several times"""
    hidden: int = 64
    """units in each of the two layers"""
    held_out: float = 0.1
    """share of the pairs, or of many demonstrations, by which the best weights are chosen"""


def negative_log_likelihood(log_prob: np.ndarray) -> tuple[float, np.ndarray]:
    """Minus the mean log-probability of the expert's actions, [B], in nats, and its gradient."""
    return -log_prob.mean(), np.full_like(log_prob, -1 / len(log_prob))


def squared_error(mean: np.ndarray, action: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean squared distance of the predicted from the expert's action, [B, A] each, and its gradient."""
    error = mean - action
    return np.square(error).sum(axis=1).mean(), 2 * error / len(error)


class BC:
    """The learner: a policy, its optimiser, the demonstrations so far and the normaliser of their observations.

    Attributes:
        labelled: observations [B, O] that the expert has labelled with actions [B, *A], besides its demonstrations.
    """

    def __init__(self, spaces: Spaces, seed: int, settings: Settings = Settings()) -> None:
        if spaces.discrete and settings.loss == "squared_error":
            raise ValueError("loss is squared_error, but the actions are discrete: likelihood is for both kinds")
        self.spaces, self.seed, self.settings = spaces, seed, settings
        self.normaliser = Normaliser(spaces.observation)
        sizes = (spaces.observation, settings.hidden, settings.hidden, spaces.action)
        arrays = mlp_arrays("policy", sizes, draw(seed, "cloner", "policy"), 0.01)
        if not spaces.discrete and settings.loss == "likelihood":
            arrays["policy.log_std"] = np.zeros(spaces.action, np.float32)
        self.parameters = Parameters(arrays)
        self.adam = Adam(self.parameters.flat)
        self.demonstrations = Demonstrations()
        self.labelled: list[tuple[np.ndarray, np.ndarray]] = []
        self.epochs = 0
        self.best, self.best_loss, self.best_epoch = self.parameters.arrays(), float("inf"), 0

    @property
    def pairs(self) -> int:
        """Pairs of observation and action so far."""
        return sum(len(action) for _, action in self._batches())

    @property
    def stale(self) -> int:
        """Epochs since the best prediction of the held-out pairs."""
        return self.epochs - self.best_epoch

    def add(self, demonstration: Any) -> None:
        """Adds one (see `Demonstrations.add`). The held-out pairs change, so the search for the best restarts."""
        self.demonstrations.add(demonstration)
        self.normaliser.update(demonstration.observation[:-1])
        self._search_anew()

    def label(self, observation: np.ndarray, action: np.ndarray) -> None:
        """Adds observations [B, O] that are no episode, and the expert's actions [B, *A]."""
        self.labelled.append((observation, action))
        self.normaliser.update(observation)
        self._search_anew()

    def remove(self, some: slice) -> None:
        """Forgets demonstrations. The network continues as it is; the normaliser starts anew."""
        del self.demonstrations[some]
        self.normaliser = Normaliser(self.spaces.observation)
        for observation, _ in self._batches():
            self.normaliser.update(observation)
        self._search_anew()

    def _search_anew(self) -> None:
        self.best_loss, self.best_epoch = float("inf"), self.epochs

    def _batches(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """All observations [L, O] and actions [L, *A]: of each demonstration, then the labelled ones."""
        return [(one.observation[:-1], one.action) for one in self.demonstrations] + self.labelled

    def epoch(self, generator: np.random.Generator, progress: float = 0.0) -> dict[str, float]:
        """At least one pass over all pairs; the learning rate falls with `progress`, from 0 to 1."""
        observation, action = self._pairs(~self._held_out())
        rate = self.settings.learning_rate * (1 - progress)
        losses = [self._step(observation[rows], action[rows], rate) for rows in self._minibatches(generator, action)]
        self.epochs += 1
        metrics = self._validate()
        if metrics["bc/loss_held_out"] < self.best_loss:
            self.best_loss, self.best_epoch = metrics["bc/loss_held_out"], self.epochs
            self.best = self.parameters.arrays()
        return {"bc/epoch": float(self.epochs), "bc/loss": float(np.mean(losses))} | metrics

    def tensors(self) -> dict[str, np.ndarray]:
        """What acting needs, by the best weights: float32 by name (see `learning.acting`)."""
        tensors = self.normaliser.tensors() | self.best
        if self.settings.loss == "squared_error":  # it learns no deviation: the likeliest one by the held-out error
            variance = np.clip(self.best_loss / self.spaces.action, 1e-12, 1.0)
            tensors["policy.log_std"] = np.full(self.spaces.action, 0.5 * np.log(variance), np.float32)
        return tensors

    def state(self) -> dict[str, Any]:
        """Everything the next epoch depends on; `load` of it makes the continuation the same to the bit."""
        return {
            "adam": self.adam.state(),
            "normaliser": self.normaliser.state(),
            "demonstrations": self.demonstrations.state(),
            "labelled": [list(batch) for batch in self.labelled],
            "epochs": self.epochs,
            "best": self.best,
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
        }

    def load(self, state: dict[str, Any]) -> None:
        self.adam.load(state["adam"])
        self.normaliser.load(state["normaliser"])
        self.demonstrations.load(state["demonstrations"])
        self.labelled = [(observation, action) for observation, action in state["labelled"]]
        self.epochs, self.best = state["epochs"], state["best"]
        self.best_loss, self.best_epoch = state["best_loss"], state["best_epoch"]

    def _held_out(self) -> np.ndarray:
        """Which pairs are held out, bool [pairs].

        Drawn at random: every n-th pair would alias with an expert that alternates, as bang-bang controllers do. Whole
        demonstrations only where several go out: by one of ten alone, Pendulum stopped far too early (scores of 0.3).
        """
        share, lengths = self.settings.held_out, [len(action) for _, action in self._batches()]
        whole = share * len(lengths) >= SEVERAL and not self.labelled
        lots = draw(self.seed, "cloner", "held out").random(len(lengths) if whole else sum(lengths))
        mask = lots < share
        mask[0] = False  # some pairs must remain to learn from
        return np.repeat(mask, lengths) if whole else mask

    def _pairs(self, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The masked pairs of normalised observation [B, O] and action [B, *A]."""
        tensors = self.normaliser.tensors()
        observation, action = (np.concatenate(column)[mask] for column in zip(*self._batches(), strict=True))
        return (observation - tensors["observation.mean"]) * tensors["observation.scale"], action

    def _minibatches(self, generator: np.random.Generator, action: np.ndarray) -> list[np.ndarray]:
        """Rows of each minibatch: all pairs in random order, each as often as any other."""
        s, pairs = self.settings, np.arange(len(action))
        rows = np.resize(pairs, max(len(pairs), s.minibatches * s.minibatch))
        return np.split(generator.permutation(rows), range(s.minibatch, len(rows), s.minibatch))

    def _step(self, observation: np.ndarray, action: np.ndarray, learning_rate: float) -> float:
        """One gradient step; its loss."""
        policy = Pass(self.parameters.named, "policy", observation)
        loss, by_output, *more = self._loss(policy.output, action)
        self.adam.step(np.concatenate([policy.gradient(by_output), *more]), learning_rate)
        return loss

    def _loss(self, output: np.ndarray, action: np.ndarray) -> tuple[Any, ...]:
        """The loss, and its gradients by the output and, where it is learned, by log_std."""
        if self.settings.loss == "squared_error":
            return squared_error(output, action)
        if self.spaces.discrete:
            likelihood: Categorical | Gaussian = Categorical(output, action)
        else:
            likelihood = Gaussian(output, self.parameters.named["policy.log_std"], action)
        loss, by_log_prob = negative_log_likelihood(likelihood.log_prob)
        return loss, *likelihood.gradient(by_log_prob)

    def _validate(self) -> dict[str, float]:
        """Loss on the held-out pairs; on all pairs, if there are too few to hold any out."""
        mask = self._held_out()
        observation, action = self._pairs(mask if mask.any() else ~mask)
        output = Pass(self.parameters.named, "policy", observation).output
        metrics = {"bc/loss_held_out": float(self._loss(output, action)[0])}
        if self.spaces.discrete:
            metrics["bc/accuracy"] = float((output.argmax(axis=1) == action).mean())
        return metrics
