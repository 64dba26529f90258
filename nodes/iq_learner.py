"""The off-policy learner without a discriminator: inverse soft Q-learning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tutelage import Message
from tutelage.input.problems import Problem, Refusal
from tutelage.learning import iq, sac
from tutelage.learning.budget import INVERSE, ROLLOUT_STEPS
from tutelage.learning.off_policy import CAPACITY
from tutelage.learning.rollout import Spaces
from tutelage.messages import Demonstration, Metrics, RewardModel, Transition, Weights
from tutelage.nodes.sac_learner import SACLearner
from tutelage.tasks.task import Env
from tutelage.tensors import packed


class IQLearner(SACLearner):
    """Learns as `SACLearner` does without a discriminator, by inverse soft Q-learning (iq.yaml).

    Demonstrations must not be subsampled: it needs the state that followed each of theirs.
    """

    hears = (Transition, Demonstration)
    says = (Weights, Metrics, RewardModel)
    Settings = iq.Settings
    budgets = INVERSE

    def __init__(
        self,
        env: Env,
        rollout_steps: int = ROLLOUT_STEPS,
        seed: int = 0,
        lag: int = 1,
        budget: int | list[int] = 0,
        replay: int = CAPACITY,
        policy: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(env, seed, lag, budget, replay=replay, policy=policy, settings=settings)
        self.rollout_steps = rollout_steps

    def _algorithm(self, spaces: Spaces, settings: sac.Settings, replay: int, reward: str) -> iq.LSIQ:
        return iq.LSIQ(spaces, self.seed, settings, replay)

    def hear(self, message: Message) -> Iterator[Message]:
        if not isinstance(message, Transition):
            yield from super().hear(message)
        elif self.gathered.add(message) == self.rollout_steps:
            if not self.demonstrations:
                raise Refusal([Problem(self.name, "has no demonstrations: check that the teleoperator publishes some")])
            yield from self._learn(message.rollout, message.step + 1)
            recovered = self.algorithm.reward_tensors(self.demonstrations)
            reward = packed(f"rollout {message.rollout}, recovered reward", recovered)
            yield RewardModel(message.rollout, message.step + 1, reward)
