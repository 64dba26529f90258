"""The discriminator of generative adversarial imitation learning (Ho and Ermon 2016).

It tells the expert's pairs of observation and action (label 1) from the policy's (label 0). Its output is
`expert_logit`: high = the expert's. An episode that terminated goes on, for ever, in an absorbing state
(Kostrikov et al. 2019): its last observation, no action, an indicator of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from learning.adam import Adam
from learning.draws import generator as draw
from learning.networks import Parameters, mlp, mlp_arrays
from learning.rollout import Demonstration, Rollout, Spaces

Metrics = dict[str, float]


@dataclass(frozen=True)
class Settings:
    """What the discriminator can be told."""

    learning_rate: float = 1e-3
    last_learning_rate: float = 1e-3
    anneal_rollouts: int = 40
    steps: int = 2
    """gradient steps a rollout"""
    batch: int = 512
    """pairs of each side in a step"""
    penalty_weight: float = 1.0
    ending_weight: float = 10.0
    """steps that an ending counts for, beside an ordinary step"""
    observation_scale: float = 1.0
    action_scale: float = 1.0
    pooled: bool = False
    memory: int = 65536
    """pairs of the policy's past that are kept: without them D forgets, and the policy goes round in circles"""
    remembered: int = 256
    """pairs of each rollout that go there"""
    memory_share: float = 0.5
    """of the policy's pairs in a batch"""
    hidden: int = 64


def discriminator_loss(expert_logit: Tensor, policy_logit: Tensor) -> Tensor:
    """Binary cross-entropy, the expert's pairs labelled 1: -log D on those, -log(1 - D) on the policy's."""
    return softplus(-expert_logit).mean() + softplus(policy_logit).mean()


def gradient_penalty(logit: Tensor, pairs: Tensor) -> Tensor:
    """Half the mean squared norm of the logit's gradient by its input, zero-centred (Mescheder et al. 2018, R1/R2)."""
    (slope,) = torch.autograd.grad(logit.sum(), pairs, create_graph=True)
    return 0.5 * slope.square().sum(dim=1).mean()


class Pairs:
    """One side's examples: rows for the network, and how much each weighs."""

    def __init__(self, rows: np.ndarray, weight: np.ndarray) -> None:
        self.rows = rows
        self._cumulative = np.cumsum(weight)

    def sample(self, count: int, generator: np.random.Generator) -> np.ndarray:
        chosen = np.searchsorted(self._cumulative, generator.random(count) * self._cumulative[-1], side="right")
        return self.rows[chosen]


class Discriminator:
    """The judge: network, optimiser, and how observations are scaled for it (by the demonstrations)."""

    def __init__(self, spaces: Spaces, seed: int, settings: Settings = Settings()) -> None:
        self.spaces, self.settings = spaces, settings
        sizes = (spaces.observation + spaces.action + 1, settings.hidden, settings.hidden, 1)
        arrays = mlp_arrays("discriminator", sizes, draw(seed, "discriminator", "weights"), 0.1)
        self.parameters = Parameters(arrays)
        self.adam = Adam(self.parameters.flat, betas=(0.5, 0.999))
        from learning.normaliser import Normaliser

        self.norm = Normaliser(spaces.observation)
        self.mean = np.zeros(spaces.observation, np.float32)
        self.scale = np.ones(spaces.observation, np.float32)
        self.memory = np.zeros((0, spaces.observation + spaces.action + 1), np.float32)
        self.rollouts = 0

    def update(
        self, demonstrations: Sequence[Demonstration], rollout: Rollout, generator: np.random.Generator
    ) -> Metrics:
        """Some gradient steps on the demonstrations so far against one rollout."""
        self._scale_by(demonstrations, rollout)
        expert, policy = self._expert(demonstrations), self._policy(rollout)
        steps = [
            self._step(expert.sample(self.settings.batch, generator), self._batch(policy, generator))
            for _ in range(self.settings.steps)
        ]
        self._remember(policy.sample(self.settings.remembered, generator))
        self.rollouts += 1
        names = ("loss", "gradient_penalty", "accuracy_expert", "accuracy_policy")
        means = torch.stack(steps).mean(dim=0).tolist()
        return {f"discriminator/{name}": mean for name, mean in zip(names, means, strict=True)}

    @torch.no_grad()
    def score(self, rollout: Rollout) -> tuple[Tensor, Tensor]:
        """expert_logit of each step [T, N], and of the absorbing state at each next observation [T, N]."""
        shape = rollout.terminated.shape
        logit = self._logit(self._scaled(self._pairs(rollout.observation, rollout.action))).view(shape)
        absorbing = torch.zeros(shape)
        ends = rollout.terminated
        if ends.any():
            absorbing[torch.tensor(ends)] = self._logit(self._scaled(self._endings(rollout.next_observation[ends])))
        return logit, absorbing

    def state(self) -> dict[str, np.ndarray]:
        """Everything the next update depends on; `load` of it makes the continuation the same to the bit."""
        adam = {f"adam.{name}": array for name, array in self.adam.state().items()}
        return adam | {
            "memory": self.memory,
            "mean": self.mean,
            "scale": self.scale,
            "rollouts": np.array(self.rollouts),
        }

    def load(self, state: dict[str, np.ndarray]) -> None:
        self.adam.load({name[5:]: array for name, array in state.items() if name.startswith("adam.")})
        self.memory = state["memory"]
        self.mean, self.scale, self.rollouts = state["mean"], state["scale"], int(state["rollouts"])

    def _logit(self, pairs: Tensor) -> Tensor:
        return mlp(self.parameters.named, "discriminator", pairs)[:, 0]

    def _step(self, expert: np.ndarray, policy: np.ndarray) -> Tensor:
        pairs = self._scaled(np.concatenate([expert, policy])).requires_grad_()
        logit = self._logit(pairs)
        expert_logit, policy_logit = logit.split(len(expert))
        loss, penalty = discriminator_loss(expert_logit, policy_logit), gradient_penalty(logit, pairs)
        self.adam.step(self.parameters.gradient(loss + self.settings.penalty_weight * penalty), self.learning_rate())
        with torch.no_grad():
            accuracies = (expert_logit > 0).float().mean(), (policy_logit < 0).float().mean()
            return torch.stack([loss, penalty, *accuracies])

    def learning_rate(self) -> float:
        s = self.settings
        progress = min(1.0, self.rollouts / s.anneal_rollouts)
        return s.learning_rate + progress * (s.last_learning_rate - s.learning_rate)

    def _batch(self, policy: Pairs, generator: np.random.Generator) -> np.ndarray:
        """Pairs of the policy: some of this rollout, the others of what it did before."""
        s = self.settings
        old = round(s.batch * s.memory_share) if len(self.memory) else 0
        recalled = self.memory[generator.integers(max(1, len(self.memory)), size=old)]
        return np.concatenate([policy.sample(s.batch - old, generator), recalled])

    def _remember(self, pairs: np.ndarray) -> None:
        self.memory = np.concatenate([self.memory, pairs])[-self.settings.memory :]

    def _scale_by(self, demonstrations, rollout) -> None:
        if self.settings.pooled:
            self.norm.update(rollout.observation)
            if self.rollouts == 0:
                self.norm.update(np.concatenate([d.observation for d in demonstrations]))
            t = self.norm.tensors()
            self.mean = t["observation.mean"]
            self.scale = t["observation.scale"] * self.settings.observation_scale
            return
        observation = np.concatenate([demonstration.observation for demonstration in demonstrations])
        deviation = observation.std(axis=0)
        self.mean = observation.mean(axis=0)
        self.scale = self.settings.observation_scale / np.where(deviation > 1e-6, deviation, 1).astype(np.float32)

    def _expert(self, demonstrations: Sequence[Demonstration]) -> Pairs:
        steps = np.concatenate([d.observation[:-1] for d in demonstrations])
        action = np.concatenate([d.action for d in demonstrations])
        last = np.array([d.observation[-1] for d in demonstrations if d.terminated], np.float32)
        return self._weighted(self._pairs(steps, action), self._endings(last.reshape(-1, self.spaces.observation)))

    def _policy(self, rollout: Rollout) -> Pairs:
        endings = self._endings(rollout.next_observation[rollout.terminated])
        return self._weighted(self._pairs(rollout.observation, rollout.action), endings)

    def _weighted(self, steps: np.ndarray, endings: np.ndarray) -> Pairs:
        weight = np.repeat([1.0, self.settings.ending_weight], [len(steps), len(endings)])
        return Pairs(np.concatenate([steps, endings]), weight)

    def _pairs(self, observation: np.ndarray, action: np.ndarray) -> np.ndarray:
        """Rows for the network: observation, action (one-hot or clipped), indicator 0."""
        observation = observation.reshape(-1, self.spaces.observation)
        if self.spaces.discrete:
            action = np.eye(self.spaces.action, dtype=np.float32)[action.reshape(-1)]
        else:
            action = np.clip(action.reshape(-1, self.spaces.action), -1, 1)
        return self._rows(observation, action, 0.0)

    def _endings(self, observation: np.ndarray) -> np.ndarray:
        """Rows of absorbing states: last observation, no action, indicator 1."""
        return self._rows(observation, np.zeros((len(observation), self.spaces.action), np.float32), 1.0)

    def _rows(self, observation: np.ndarray, action: np.ndarray, indicator: float) -> np.ndarray:
        return np.concatenate([observation, action, np.full((len(action), 1), indicator, np.float32)], axis=1)

    def _scaled(self, rows: np.ndarray) -> Tensor:
        rows = rows.copy()
        n = len(self.mean)
        rows[:, :n] = (rows[:, :n] - self.mean) * self.scale
        rows[:, n:-1] *= self.settings.action_scale
        return torch.tensor(rows)
