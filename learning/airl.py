"""Adversarial inverse reinforcement learning (Fu, Luo and Levine 2018, arXiv 1710.11248): recovers a reward.

The discriminator tells the expert's transitions (label 1) from the policy's (label 0) by

    D = exp f / (exp f + pi(a|s)),    f(s, s') = g(s) + discount * h(s') - h(s),

so its logit is f - log pi(a|s). The shaping by h leaves the best policy as it is (Ng et al. 1999). So g can become the
reward, up to a constant, and h the value. Since g is of the state alone, it is a reward under other dynamics, too.
A terminated episode continues for ever in an absorbing state, whose g and h are two numbers (as in Kostrikov et al.
2019): without it g would be known up to a constant only, which rewards or punishes ending early.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tutelage.learning import adversarial
from tutelage.learning.adam import Adam
from tutelage.learning.adversarial import discriminator_loss, gradient_penalty, means, measured, scaling
from tutelage.learning.draws import generator as draw
from tutelage.learning.likelihood import log_prob
from tutelage.learning.networks import Parameters, mlp_arrays
from tutelage.learning.ring import Ring
from tutelage.learning.rollout import Demonstration, Rollout, Spaces
from tutelage.learning.shaped import Shaped, of_absorbing
from tutelage.learning.state_reward import Tensors


@dataclass(frozen=True)
class Settings(adversarial.Settings):
    """Settings of AIRL's discriminator."""

    penalty_weight: float = 0.1
    """of the penalty on the squared slope of both networks: more is smoother"""


class Transitions(NamedTuple):
    """B transitions and the log-likelihood of their actions, under the policy that drew them, or for the expert's under
    the present one."""

    observation: np.ndarray  # float32 [B, O]
    next_observation: np.ndarray  # float32 [B, O]
    terminated: np.ndarray  # bool [B]
    absorbing: np.ndarray  # bool [B], whether it is from the absorbing state to itself, where no action is
    log_prob: np.ndarray  # float32 [B], in nats

    def sample(self, count: int, generator: np.random.Generator) -> "Transitions":
        """Some of them, with replacement."""
        rows = generator.integers(len(self.terminated), size=count)
        return Transitions(*(array[rows] for array in self))

    def rows(self) -> np.ndarray:
        """As one array, float32 [B, 2 O + 3]."""
        ends = np.stack([self.terminated, self.absorbing, self.log_prob], axis=1)
        return np.concatenate([self.observation, self.next_observation, ends], axis=1, dtype=np.float32)


def of_rows(rows: np.ndarray) -> Transitions:
    """The transitions of `Transitions.rows`."""
    o = (rows.shape[1] - 3) // 2
    return Transitions(rows[:, :o], rows[:, o : 2 * o], rows[:, -3] > 0, rows[:, -2] > 0, rows[:, -1])


def joined(*parts: Transitions) -> Transitions:
    """Some transitions, then others."""
    return Transitions(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def with_absorbing(steps: Transitions, weight: int) -> Transitions:
    """These, and after each that terminated `weight` of the absorbing state."""
    ended = np.repeat(np.flatnonzero(steps.terminated), weight)
    last = steps.next_observation[ended]
    nothing, absorbing = np.zeros(len(ended), np.float32), np.ones(len(ended), bool)
    return joined(steps, Transitions(last, last, ~absorbing, absorbing, nothing))


class AIRL:
    """The discriminator: reward g, potential h, their optimiser, and the scaling of observations."""

    def __init__(self, spaces: Spaces, seed: int, settings: Settings = Settings()) -> None:
        self.spaces, self.settings = spaces, settings
        sizes = (spaces.observation, settings.hidden, settings.hidden, 1)
        arrays = mlp_arrays("reward", sizes, draw(seed, "discriminator", "reward"), 0.1)
        arrays |= mlp_arrays("potential", sizes, draw(seed, "discriminator", "potential"), 0.1)
        arrays |= {name: np.zeros(1, np.float32) for name in ("absorbing.reward", "absorbing.potential")}
        self.parameters = Parameters(arrays)
        self.ending_weight = round(settings.discount / (1 - settings.discount))
        self.adam = Adam(self.parameters.flat, betas=(0.5, 0.999))
        self.memory = Ring(settings.memory)
        """transitions of the policy's past; not in `state`"""
        self.mean = np.zeros(spaces.observation, np.float32)
        self.scale = np.ones(spaces.observation, np.float32)

    def update(
        self,
        demonstrations: Sequence[Demonstration],
        rollout: Rollout,
        policy: Tensors,
        generator: np.random.Generator,
        progress: float = 0.0,
    ) -> dict[str, float]:
        """Some gradient steps on all demonstrations against this rollout, which `policy` collected.

        The learning rate goes to its final one with `progress`, from 0 to 1.
        """
        s = self.settings
        self.mean, self.scale = scaling(demonstrations)
        rate = s.learning_rate * (1 - progress) + s.final_learning_rate * progress
        expert = with_absorbing(self._expert(demonstrations, policy), self.ending_weight)
        ours = with_absorbing(self._ours(rollout, policy), self.ending_weight)
        steps = [
            self._step(expert.sample(s.batch, generator), self._policy_batch(ours, generator), rate)
            for _ in range(s.steps)
        ]
        self.memory.append(ours.sample(s.remembered, generator).rows())
        return means(steps)

    def score(self, rollout: Rollout, policy: Tensors) -> tuple[np.ndarray, np.ndarray]:
        """log D - log(1 - D) = f - log pi of each step, and of those in the absorbing state: float32 [T, N] each."""
        ours = self._ours(rollout, policy)
        reward = (self._shaped(ours).f - ours.log_prob).reshape(rollout.terminated.shape)
        absorbing_reward, absorbing_potential = of_absorbing(self.parameters.named)
        absorbing = absorbing_reward - absorbing_potential  # f = g + (discount - 1) h
        return reward, absorbing * rollout.terminated

    def tensors(self) -> dict[str, np.ndarray]:
        """g: float32 by name (see `learning.state_reward`)."""
        arrays = self.parameters.arrays()
        reward = {name: array for name, array in arrays.items() if name.startswith("reward")}
        reward["absorbing.reward"] = of_absorbing(self.parameters.named)[0]
        return {"observation.mean": self.mean, "observation.scale": self.scale} | reward

    def state(self) -> dict[str, np.ndarray]:
        """All but `memory` that the next update depends on; `load` of both continues the same to the bit."""
        return self.adam.state()

    def load(self, state: dict[str, np.ndarray]) -> None:
        self.adam.load(state)

    def _step(self, expert: Transitions, ours: Transitions, learning_rate: float) -> tuple[float, ...]:
        """One gradient step; loss, penalty and accuracies (see `measured`)."""
        both = joined(expert, ours)
        seen = self._shaped(both)
        expert_logit, our_logit = np.split(seen.f - both.log_prob, [len(expert.terminated)])
        loss, by_logit = discriminator_loss(expert_logit, our_logit)
        penalty, by_slope = gradient_penalty(seen.slope())
        self.adam.step(seen.gradient(by_logit, self.settings.penalty_weight * by_slope), learning_rate)
        return measured(loss, penalty, expert_logit, our_logit)

    def _policy_batch(self, ours: Transitions, generator: np.random.Generator) -> Transitions:
        """Some of this rollout's transitions, the others from earlier rollouts."""
        s, memory = self.settings, self.memory
        if not len(memory):
            return ours.sample(s.batch, generator)
        old = round(s.batch * s.memory_share)
        recalled = of_rows(memory.sample(old, generator))
        return joined(ours.sample(s.batch - old, generator), recalled)

    def _shaped(self, transitions: Transitions) -> Shaped:
        inputs = (np.concatenate(transitions[:2]) - self.mean) * self.scale
        absorbing, ended = transitions.absorbing, transitions.absorbing | transitions.terminated
        return Shaped(self.parameters.named, inputs, absorbing, ended, self.settings.discount)

    def _expert(self, demonstrations: Sequence[Demonstration], policy: Tensors) -> Transitions:
        observation = np.concatenate([one.observation[:-1] for one in demonstrations])
        following = np.concatenate([one.observation[1:] for one in demonstrations])
        action = np.concatenate([one.action for one in demonstrations])
        lengths = [len(one.action) for one in demonstrations]
        terminated = np.zeros(len(action), bool)
        terminated[np.cumsum(lengths) - 1] = [one.terminated for one in demonstrations]
        likelihood = log_prob(policy, observation, action)
        return Transitions(observation, following, terminated, np.zeros(len(action), bool), likelihood)

    def _ours(self, rollout: Rollout, policy: Tensors) -> Transitions:
        def rows(array: np.ndarray) -> np.ndarray:
            return array.reshape(-1, *array.shape[2:])

        observation, action = rows(rollout.observation), rows(rollout.action)
        likelihood = log_prob(policy, observation, action)
        following, terminated = rows(rollout.next_observation), rows(rollout.terminated)
        return Transitions(observation, following, terminated, np.zeros(len(action), bool), likelihood)
