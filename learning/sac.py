"""Soft actor-critic (Haarnoja et al. 2018) on given rewards.

Twin critics with layer norm learn from n-step returns of a replay buffer. The rewards of each batch are computed anew;
where a discriminator gives them, this is DAC (Kostrikov et al. 2019). The actor is also drawn to the expert's actions,
by the distance of its likeliest one: the likelihood of an expert's action at the bounds would have no limit. All
gradients are written out, in a third of autograd's time; tests compare them with the losses of `learning.soft`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from tutelage.learning import relu, returns, soft
from tutelage.learning.acting import LOG_STD, scaled
from tutelage.learning.adam import Adam
from tutelage.learning.critics import Critics
from tutelage.learning.draws import generator as draw
from tutelage.learning.heads import Choices, Head, Numbers
from tutelage.learning.normaliser import Normaliser
from tutelage.learning.relu import Parameters
from tutelage.learning.replay import Windows
from tutelage.learning.rollout import Spaces

Reward = Callable[[Windows], tuple[np.ndarray, np.ndarray]]
"""The rewards of a batch's steps, float32 [n, B], and of the absorbing states of the runs that terminated."""


class Buffer(Protocol):
    """What batches are sampled from, for example a `Replay`."""

    def sample(self, batch: int, steps: int, generator: np.random.Generator) -> Windows: ...


def by_rows(reward: Callable[[np.ndarray], np.ndarray]) -> Reward:
    """The reward that gives each row its own: rows [rows, O + A + 1] of `learning.pairs` to float32 [rows]."""

    def of(windows: Windows) -> tuple[np.ndarray, np.ndarray]:
        counts = windows.counts
        rows = np.concatenate([windows.steps.reshape(counts.size, -1), windows.ending[windows.terminated]])
        rewards = reward(rows)
        return rewards[: counts.size].reshape(counts.shape), rewards[counts.size :]

    return of


class Batch(NamedTuple):
    """What one gradient step of the critics learns from: B runs, whose target is gained + weight * last value."""

    observation: Tensor  # [B, O], the first of each run, scaled
    action: Tensor  # [B, A], the first of each run
    gained: Tensor  # [B], the discounted rewards, those of an absorbing state included
    weight: Tensor  # [B], of the value after the run: discounted, 0 after a termination
    last_observation: Tensor  # [B, O], after the run, scaled

    def split(self, size: int) -> Iterator[Batch]:
        return map(Batch, *(column.split(size) for column in self))


@dataclass(frozen=True)
class Settings:
    """Settings of SAC."""

    learning_rate: float = 1e-3
    """until the annealing begins"""
    annealing: float = 0.5
    """last share of the run, over which the learning rate falls to a twentieth"""
    updates: int = 72
    """gradient steps a rollout"""
    batch: int = 128
    """runs of steps in a gradient step"""
    return_steps: int = 3
    """n of the n-step returns"""
    discount: float = 0.99
    """weight of the next step's reward relative to this step's"""
    value_bound: float = math.inf
    """the largest size of the last values in the n-step returns"""
    tau: float = 0.005
    """share of the critics that the target critics take over at each gradient step of the critics"""
    actor_every: int = 2
    """gradient steps of the critics for each one of the actor"""
    actor_tau: float = 0.005
    """share of the actor that the mean actor, which acts, takes over at each gradient step of the actor"""
    target_entropy: float = -1.0
    """for each number of a continuous action, in nats"""
    discrete_target_entropy: float = 0.2
    """for discrete actions, as a share of the uniform distribution's"""
    temperature: float = 0.1
    """at the beginning; then it is learned, so that the entropy stays at its target"""
    cloning_weight: float = 1.0
    """of the distance from the expert's actions in the actor's loss, at the beginning"""
    final_cloning_weight: float = 0.5
    """the same at the end. With zero, Hopper's policy became worse again."""
    cloning_batch: int = 64
    """pairs of the expert in a gradient step"""
    hidden: int = 128
    """units in each of the two layers"""


class SAC:
    """The learner: actor and temperature, twin critics, their optimisers, and the scaling of observations."""

    def __init__(self, spaces: Spaces, seed: int, settings: Settings = Settings()) -> None:
        self.spaces, self.settings, self.updates = spaces, settings, 0
        self.normaliser = Normaliser(spaces.observation)
        self.scaling = self.normaliser.tensors()
        o, a, hidden = spaces.observation, spaces.action, settings.hidden
        sizes = (o, hidden, hidden, a if spaces.discrete else 2 * a)
        actor = relu.arrays("actor", 1, sizes, draw(seed, "learner", "actor"), 0.01)
        if not spaces.discrete:
            actor["actor.2.bias"][..., a:] = 0.75  # a deviation of .9: squashed it is nearly uniform
        actor["log_temperature"] = np.log(np.full(1, settings.temperature, np.float32))
        self.actor, self.mean_actor = Parameters(actor), Parameters(actor)
        self.adam = Adam(self.actor.flat)
        sizes = (o, hidden, hidden, a) if spaces.discrete else (o + a, hidden, hidden, 1)
        self.critics = Critics(sizes, draw(seed, "learner", "critics"), settings.tau)
        entropy = settings.discrete_target_entropy * math.log(a) if spaces.discrete else settings.target_entropy * a
        self.target_entropy = entropy
        self.head: Head = Choices() if spaces.discrete else Numbers()

    def begin(self, observation: np.ndarray) -> None:
        """Scales observations from now on by the mean and deviation of these, [rows, O]."""
        self.normaliser = Normaliser(self.spaces.observation)
        self.follow(observation)

    def follow(self, observation: np.ndarray) -> None:
        """Scales observations by these, too, [..., O]."""
        self.normaliser.update(observation)
        self.scaling = self.normaliser.tensors()

    def learning_rate(self, progress: float) -> float:
        """After this share of the run."""
        s = self.settings
        return s.learning_rate * max(0.05, min(1.0, (1 - progress) / max(s.annealing, 1e-9)))

    @torch.no_grad()
    def update(
        self, replay: Buffer, reward: Reward, expert: np.ndarray, generator: np.random.Generator, progress: float = 0.0
    ) -> dict[str, float]:
        """Some gradient steps on the replay buffer, by rewards that are computed anew; progress goes from 0 to 1.

        expert: the expert's pairs, rows [pairs, O + A + 1] as `learning.pairs` has them; [0, ...] where there are none.
        """
        s, rate = self.settings, self.learning_rate(progress)
        cloning = (1 - progress) * s.cloning_weight + progress * s.final_cloning_weight
        critic, actor = [], []
        windows = replay.sample(s.updates * s.batch, s.return_steps, generator)
        for batch in self._batch(windows, reward).split(s.batch):  # sampled and rewarded at once, in half the time
            critic.append(self._critic_step(batch, generator, rate))
            self.updates += 1
            if self.updates % s.actor_every == 0:
                shown = expert[generator.integers(len(expert), size=s.cloning_batch)] if len(expert) else expert
                actor.append(self._actor_step(batch.observation, *self.split(shown), cloning, generator, rate))
        names = ("critic_loss", "value", "target", "actor_loss", "entropy", "cloning_loss")
        means = *np.mean(critic, axis=0), *np.mean(actor or [(0, 0, 0)], axis=0)
        metrics = {f"train/{name}": float(mean) for name, mean in zip(names, means, strict=True)}
        return metrics | {"train/temperature": self._temperature(), "train/learning_rate": rate}

    def tensors(self) -> dict[str, np.ndarray]:
        """For acting: the mean actor and the scaling, float32 by name (see `learning.acting`)."""
        arrays = {name: array[0] for name, array in self.mean_actor.arrays().items() if name.startswith("actor")}
        arrays = {name: array[0] if name.endswith("bias") else array for name, array in arrays.items()}
        bounds = {} if self.spaces.discrete else {"actor.log_std": np.array(LOG_STD, np.float32)}
        return self.scaling | arrays | bounds

    def state(self) -> dict[str, np.ndarray]:
        """Everything but the replay buffer that the next update depends on; `load` of it is the same to the bit."""
        arrays = {f"{part}.{name}": array for part, of in self._parts().items() for name, array in of.state().items()}
        return arrays | {"mean_actor": self.mean_actor.flat.numpy().copy(), "updates": np.array(self.updates)}

    @torch.no_grad()
    def load(self, state: dict[str, np.ndarray]) -> None:
        for part, of in self._parts().items():
            begin = len(part) + 1
            of.load({name[begin:]: array for name, array in state.items() if name.startswith(f"{part}.")})
        self.mean_actor.flat.copy_(torch.tensor(state["mean_actor"]))
        self.updates, self.scaling = int(state["updates"]), self.normaliser.tensors()

    def _parts(self) -> dict[str, Adam | Critics | Normaliser]:
        return {"actor": self.adam, "critics": self.critics, "normaliser": self.normaliser}

    def _batch(self, windows: Windows, reward: Reward) -> Batch:
        s, ended = self.settings, torch.from_numpy(windows.terminated)
        rewards, ending = reward(windows)
        gained, weight = soft.n_step(torch.from_numpy(rewards), torch.from_numpy(windows.counts), s.discount)
        gained[ended] += weight[ended] * torch.from_numpy(returns.absorbing_value(ending, s.discount))
        weight[ended] = 0
        return Batch(*self.split(windows.steps[0]), gained, weight, self._scaled(windows.last_observation))

    def _critic_step(self, batch: Batch, generator: np.random.Generator, rate: float) -> tuple[float, ...]:
        """One gradient step of the critics; their loss, mean value and mean target."""
        target = self._target(batch, generator)
        seen, taken = self.head.seen(batch.observation, batch.action), self.head.taken(batch.action)
        return (*self.critics.step(seen, taken, target, rate), target.mean().item())

    def _target(self, batch: Batch, generator: np.random.Generator) -> Tensor:
        """The n-step targets [B]. After a termination the absorbing state pays for ever."""
        return batch.gained + batch.weight * self._last_value(batch.last_observation, generator)

    def _last_value(self, observation: Tensor, generator: np.random.Generator) -> Tensor:
        """The soft value of scaled observations by the target critics, [B]."""
        output = relu.forward(self.actor.named, "actor", observation, norm=False)[0][0]
        value = self.head.last_value(self.critics, observation, output, self._temperature(), generator)
        return value.clamp_(-self.settings.value_bound, self.settings.value_bound)

    def _actor_step(
        self,
        observation: Tensor,
        shown: Tensor,
        shown_action: Tensor,
        cloning: float,
        generator: np.random.Generator,
        rate: float,
    ) -> tuple[float, ...]:
        """One gradient step of actor and temperature; the actor's loss, entropy and distance from the expert."""
        output, trace = relu.forward(self.actor.named, "actor", torch.cat([observation, shown]), norm=False)
        own, clone = output[0].split([len(observation), len(shown)])
        loss, entropy, gradient = self.head.loss(self.critics, observation, own, self._temperature(), generator)
        distance = torch.zeros(())
        if len(shown):
            distance, by_shown = self.head.cloning(clone, shown_action)
            gradient = torch.cat([gradient, cloning * by_shown])
        parts = relu.backward(self.actor.named, "actor", trace, gradient[None])
        excess = (entropy - self.target_entropy).view(1)
        self.adam.step(torch.cat([*(part.ravel() for part in parts), excess]), rate)
        self.mean_actor.flat.lerp_(self.actor.flat, self.settings.actor_tau)
        return loss.item(), entropy.item(), distance.item()

    def _temperature(self) -> float:
        return math.exp(self.actor.named["log_temperature"].item())

    def split(self, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        """Scaled observations and actions of rows."""
        o = self.spaces.observation
        return self._scaled(rows[:, :o]), torch.from_numpy(rows[:, o:-1])

    def _scaled(self, observation: np.ndarray) -> Tensor:
        return torch.from_numpy(scaled(self.scaling, observation))
