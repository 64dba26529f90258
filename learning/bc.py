"""Behaviour cloning (Bain and Sammut 1995): the expert's actions learned as a supervised learner learns labels.

Discrete actions by maximum likelihood; continuous ones by the likelihood of a Gaussian, or by mean squared error.
Some pairs are held out; what counts in the end are the weights that predict these best.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from learning.adam import Adam
from learning.distributions import categorical, gaussian
from learning.draws import generator as draw
from learning.networks import Parameters, mlp, mlp_arrays
from learning.normaliser import Normaliser
from learning.rollout import Demonstration, Spaces

Metrics = dict[str, float]


@dataclass(frozen=True)
class Settings:
    """What behaviour cloning can be told."""

    loss: Literal["likelihood", "squared_error"] = "likelihood"
    learning_rate: float = 1e-3
    minibatch: int = 64
    """pairs in a minibatch"""
    hidden: int = 64
    """units in each of the two layers"""
    held_out_every: int = 10
    """every so many-th demonstration is held out; with fewer demonstrations, every so many-th pair"""
    weight_decay: float = 0.0
    max_norm: float = float("inf")
    least_log_std: float = -5.0
    smooth: float = 0.0
    entropy_weight: float = 0.0
    least: int = 32


def likelihood_loss(log_prob: Tensor) -> Tensor:
    """Minus the mean log-probability [batch] of the expert's actions, in nats."""
    return -log_prob.mean()


def squared_error(mean: Tensor, action: Tensor) -> Tensor:
    """Mean over pairs of the squared distance between predicted and expert's action, [batch, A] each."""
    return (mean - action).square().sum(dim=-1).mean()


class Cloner:
    def __init__(self, spaces: Spaces, seed: int, settings: Settings = Settings()) -> None:
        self.spaces, self.settings = spaces, settings
        self.normaliser = Normaliser(spaces.observation)
        sizes = (spaces.observation, settings.hidden, settings.hidden, spaces.action)
        arrays = mlp_arrays("policy", sizes, draw(seed, "cloner", "policy"), 0.01)
        if not spaces.discrete and settings.loss == "likelihood":
            arrays["policy.log_std"] = np.zeros(spaces.action, np.float32)
        self.parameters = Parameters(arrays)
        self.adam = Adam(self.parameters.flat)
        self.demonstrations: list[Demonstration] = []
        self.epochs = 0
        self.best, self.best_loss, self.best_epoch = self.parameters.flat.clone(), float("inf"), 0

    def add(self, demonstration: Demonstration) -> None:
        self.demonstrations.append(demonstration)
        self.normaliser.update(demonstration.observation[:-1])
        obs = np.concatenate([d.observation[:-1] for d in self.demonstrations])
        act = np.concatenate([d.action for d in self.demonstrations])
        t = self.normaliser.tensors()
        obs = torch.tensor((obs - t["observation.mean"]) * t["observation.scale"])
        act = torch.tensor(act)
        n = self.settings.held_out_every
        if n and len(self.demonstrations) >= n:
            which = np.concatenate([np.full(len(d.action), i % n == n - 1) for i, d in enumerate(self.demonstrations)])
        else:
            which = np.arange(len(act)) % max(n, 1) == n - 1
        if not n:
            which = np.zeros(len(act), bool)
        which = torch.tensor(which)
        self.train, self.held = (obs[~which], act[~which]), (obs[which], act[which])
        self.best_loss = float("inf")

    def loss(self, obs: Tensor, act: Tensor, train=True) -> Tensor:
        out = mlp(self.parameters.named, "policy", obs)
        s = self.settings
        if self.spaces.discrete:
            if s.smooth and train:
                lp = torch.log_softmax(out, -1)
                return -((1 - s.smooth) * lp.gather(1, act[:, None])[:, 0] + s.smooth * lp.mean(-1)).mean()
            lp, ent = categorical(out, act)
            return -lp.mean() - (s.entropy_weight * ent.mean() if train else 0)
        if s.loss == "squared_error":
            return (out - act).square().sum(-1).mean()
        return -gaussian(out, self.parameters.named["policy.log_std"].clamp(min=s.least_log_std), act)[0].mean()

    def epoch(self, generator: np.random.Generator, rate=None) -> Metrics:
        obs, act = self.train
        s = self.settings
        losses = []
        order = generator.permutation(np.resize(np.arange(len(act)), max(len(act), s.least * s.minibatch)))
        for rows in torch.tensor(order).split(s.minibatch):
            loss = self.loss(obs[rows], act[rows])
            losses.append(loss.detach())
            r = rate or s.learning_rate
            if s.weight_decay:
                with torch.no_grad():
                    self.parameters.flat.mul_(1 - r * s.weight_decay)
            self.adam.step(self.parameters.gradient(loss), r, s.max_norm)
        self.epochs += 1
        m = {"bc/loss": float(torch.stack(losses).mean())}
        if len(self.held[1]):
            with torch.no_grad():
                m["bc/loss_held_out"] = float(self.loss(*self.held, train=False))
                if self.spaces.discrete:
                    m["acc"] = float(
                        (mlp(self.parameters.named, "policy", self.held[0]).argmax(1) == self.held[1]).float().mean()
                    )
            if m["bc/loss_held_out"] < self.best_loss:
                self.best_loss, self.best_epoch = m["bc/loss_held_out"], self.epochs
                self.best.copy_(self.parameters.flat)
        return m

    def tensors(self, best=True):
        arrays = self.parameters.arrays()
        if best and len(self.held[1]):
            p = Parameters(arrays)
            with torch.no_grad():
                p.flat.copy_(self.best)
            arrays = p.arrays()
        if not self.spaces.discrete:
            arrays.setdefault("policy.log_std", np.zeros(self.spaces.action, np.float32))
        return self.normaliser.tensors() | arrays
