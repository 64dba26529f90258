"""The discriminator of generative adversarial imitation learning (Ho and Ermon 2016).

It tells the expert's pairs of observation and action (label 1) from the policy's (label 0). Its output is
`expert_logit`: high = the expert's. A terminated episode continues for ever in an absorbing state
(Kostrikov et al. 2019, DAC), which is scored like any other: neither staying alive nor ending is rewarded as such.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tutelage.learning import adversarial, pairs, state_only
from tutelage.learning.adam import Adam
from tutelage.learning.adversarial import (
    discriminator_loss,
    gradient_penalty,
    interpolated_penalty,
    means,
    measured,
    scaling,
)
from tutelage.learning.draws import generator as draw
from tutelage.learning.networks import Parameters, Pass, mlp_arrays
from tutelage.learning.pairs import Pairs
from tutelage.learning.ring import Ring
from tutelage.learning.rollout import Demonstration, Rollout, Spaces


@dataclass(frozen=True)
class Settings(adversarial.Settings):
    """Settings of the discriminator. An absorbing state weighs discount / (1 - discount) steps."""

    learning_rate: float = 4e-3
    penalty_weight: float = 0.002
    """of the penalty on the logit's squared slope, where actions are discrete: more is smoother"""
    continuous_penalty_weight: float = 0.01
    """of that penalty where actions are continuous: a logit that slopes to the expert's action tells how near one is"""
    absorbing: bool = True
    """whether a terminated episode continues in an absorbing state"""
    state_only: bool = False
    """whether the expert's actions are not known: demonstrations have the change of the observation in their place"""
    subsample: int = 1
    """only every n-th pair of the demonstrations is shown: their absorbing states weigh so much less, too"""
    interpolated_penalty_weight: float = 0.0
    """of the squared distance of the logit's slope from `slope`, between the expert's pairs and the policy's; above
    zero it replaces the other penalty"""
    slope: float = 1.0
    """the wanted slope of the logit between the two sides, by the scaled observations and actions"""
    blur: float = 1.0
    """deviations of the observations before an absorbing state, as the discriminator sees them when it learns"""


@dataclass(frozen=True)
class OffPolicySettings(Settings):
    """Settings of the discriminator, with the defaults of DAC (`learning.dac`)."""

    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-3
    steps: int = 12
    batch: int = 128
    interpolated_penalty_weight: float = 10.0
    discount: float = 0.99
    memory: int = 524_288
    remembered: int = 512
    memory_share: float = 1.0
    hidden: int = 128
    absorbing: Literal[True] = True
    """the learner always continues terminated episodes in an absorbing state"""


class Discriminator:
    """The discriminator: network, optimiser, replay of the policy's past, and scaling of observations."""

    def __init__(self, spaces: Spaces, seed: int, settings: Settings = Settings()) -> None:
        self.settings = settings
        self.spaces = spaces = state_only.seen_spaces(spaces) if settings.state_only else spaces
        sizes = (spaces.observation + spaces.action + 1, settings.hidden, settings.hidden, 1)
        arrays = mlp_arrays("discriminator", sizes, draw(seed, "discriminator", "weights"), 0.1)
        self.parameters = Parameters(arrays)
        self.adam = Adam(self.parameters.flat, betas=(0.5, 0.999))
        self.ending_weight = settings.discount / (1 - settings.discount) if settings.absorbing else 0.0
        self.memory = Ring(settings.memory)
        """pairs of the policy's past; not in `state`"""
        self.tells_endings = False  # whether an expert's episode has terminated; if none has, all endings are alike
        self.mean = np.zeros(spaces.observation, np.float32)
        self.scale = np.ones(spaces.observation, np.float32)
        self.change_scale = np.ones(spaces.observation, np.float32)  # used if state_only

    @property
    def penalty_weight(self) -> float:
        s = self.settings
        return s.penalty_weight if self.spaces.discrete else s.continuous_penalty_weight

    def update(
        self,
        demonstrations: Sequence[Demonstration],
        rollout: Rollout,
        generator: np.random.Generator,
        progress: float = 0.0,
    ) -> dict[str, float]:
        """Some gradient steps on all demonstrations so far against this rollout and the policy's past.

        Where `memory_share` is 1 they are against earlier rollouts alone, unless this is the first. Only after them are
        some of this rollout's pairs remembered.

        The learning rate goes to its final one with `progress`, from 0 to 1.
        """
        s = self.settings
        self.mean, self.scale = scaling(demonstrations)
        if s.state_only:
            if not self.adam.steps:  # the memory's changes have this scale
                self.change_scale = state_only.change_scale(demonstrations)
            demonstrations = [state_only.demonstration(one, self.change_scale) for one in demonstrations]
        rollout = self._seen(rollout)
        self.tells_endings = any(demonstration.terminated for demonstration in demonstrations)
        rate = s.learning_rate * (1 - progress) + s.final_learning_rate * progress
        expert = self._expert_pairs(demonstrations)
        policy = pairs.of_rollout(self.spaces, rollout, self.ending_weight)
        steps = [
            self._step(
                self._blurred(expert.sample(s.batch, generator), generator),
                self._blurred(self._policy_batch(policy, generator), generator),
                rate,
                generator,
            )
            for _ in range(s.steps)
        ]
        self.memory.append(policy.sample(s.remembered, generator))
        return means(steps)

    def score(self, rollout: Rollout) -> tuple[np.ndarray, np.ndarray]:
        """expert_logit of each step, and of the absorbing state after it (0 where none follows): [T, N] each."""
        ends, rollout = rollout.terminated, self._seen(rollout)
        steps = self._pass(self._inputs(pairs.step_rows(self.spaces, rollout.observation, rollout.action)))
        ending = np.zeros(ends.shape, np.float32)
        last = pairs.ending_rows(self.spaces, rollout.next_observation[ends])
        ending[ends] = self._pass(self._inputs(last)).output[:, 0]
        return steps.output.reshape(ends.shape), ending

    def tensors(self) -> dict[str, np.ndarray]:
        """What rewards are computed by, float32 by name (see `learning.reward_model`)."""
        scaling = {"observation.mean": self.mean, "observation.scale": self.scale}
        scaling |= {"change.scale": self.change_scale} if self.settings.state_only else {}
        return self.parameters.arrays() | scaling | {"tells_endings": np.float32(self.tells_endings).reshape(1)}

    def state(self) -> dict[str, np.ndarray]:
        """All but `memory` that the next update depends on; `load` of both continues the same to the bit."""
        adam = {f"adam.{name}": array for name, array in self.adam.state().items()}
        scaling = {"mean": self.mean, "scale": self.scale, "tells_endings": np.array(self.tells_endings)}
        return adam | scaling | {"change_scale": self.change_scale}

    def load(self, state: dict[str, np.ndarray]) -> None:
        """Loads a state; does not change its arrays later."""
        self.adam.load({name[5:]: array for name, array in state.items() if name.startswith("adam.")})
        self.mean, self.scale, self.change_scale = state["mean"], state["scale"], state["change_scale"]
        self.tells_endings = bool(state["tells_endings"])

    def _seen(self, rollout: Rollout) -> Rollout:
        return state_only.rollout(rollout, self.change_scale) if self.settings.state_only else rollout

    def _step(
        self, expert: np.ndarray, policy: np.ndarray, learning_rate: float, generator: np.random.Generator
    ) -> tuple[float, ...]:
        """One gradient step; loss, penalty and accuracies (see `measured`)."""
        s, inputs = self.settings, self._inputs(np.concatenate([expert, policy]))
        seen = self._pass(inputs)
        expert_logit, policy_logit = np.split(seen.output[:, 0], [len(expert)])
        loss, by_logit = discriminator_loss(expert_logit, policy_logit)
        if s.interpolated_penalty_weight:
            between = self._pass(_between(inputs[: len(expert)], inputs[len(expert) :], generator))
            penalty, by_slope = interpolated_penalty(between.slope(), s.slope)
            gradient = seen.gradient(by_logit[:, None]) + between.gradient_with_slope(
                np.zeros_like(by_slope[:, :1]), s.interpolated_penalty_weight * by_slope
            )
        else:
            penalty, by_slope = gradient_penalty(seen.slope())
            gradient = seen.gradient_with_slope(by_logit[:, None], self.penalty_weight * by_slope)
        self.adam.step(gradient, learning_rate)
        return measured(loss, penalty, expert_logit, policy_logit)

    def _expert_pairs(self, demonstrations: Sequence[Demonstration]) -> Pairs:
        return pairs.of_demonstrations(self.spaces, demonstrations, self.ending_weight / self.settings.subsample)

    def _blurred(self, rows: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """These rows with noise on the absorbing states: a few endings could be learned by heart."""
        ended = rows[:, -1] > 0
        noise = generator.standard_normal((ended.sum(), self.spaces.observation), dtype=np.float32)
        rows[ended, : self.spaces.observation] += self.settings.blur * noise / self.scale
        return rows

    def _policy_batch(self, policy: Pairs, generator: np.random.Generator) -> np.ndarray:
        """Pairs of earlier rollouts, by `memory_share`, the others of this one; all of this one if it is the first."""
        if not len(self.memory):
            return policy.sample(self.settings.batch, generator)
        old = round(self.settings.batch * self.settings.memory_share)
        recalled = self.memory.sample(old, generator)
        return np.concatenate([policy.sample(self.settings.batch - old, generator), recalled])

    def _inputs(self, rows: np.ndarray) -> np.ndarray:
        observation, action, absorbing = np.split(rows, [self.spaces.observation, rows.shape[1] - 1], axis=1)
        observation = (observation - self.mean) * self.scale
        if not self.tells_endings:
            observation *= 1 - absorbing
        return np.concatenate([observation, action, absorbing], axis=1)

    def _pass(self, inputs: np.ndarray) -> Pass:
        return Pass(self.parameters.named, "discriminator", inputs)


def _between(expert: np.ndarray, policy: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Points between as many inputs of the expert and of the policy, each at a place of its own."""
    return expert + generator.random((len(expert), 1), dtype=np.float32) * (policy - expert)
