"""The off-policy learner on given rewards: the environment's own, or those that were recovered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from tutelage import Message, Ranges
from tutelage.finite import FINITE, check
from tutelage.learning import sac
from tutelage.learning.given import GivenReward
from tutelage.learning.off_policy import CAPACITY
from tutelage.learning.rollout import Rollout, Spaces
from tutelage.messages import Enough, Score, Transition
from tutelage.nodes.sac_learner import SACLearner
from tutelage.tasks.task import Env


class GivenRewardSACLearner(SACLearner):
    """Learns as `SACLearner` does from given rewards, and imitates nobody (sac.yaml)."""

    hears = (Transition, Score)
    may_hear = (Enough,)
    steerable: ClassVar[Ranges] = {"learning_rate": (0, 1)}

    def __init__(
        self,
        env: Env,
        seed: int = 0,
        lag: int = 1,
        budget: int | list[int] = 0,
        replay: int = CAPACITY,
        policy: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(env, seed, lag, budget, replay=replay, policy=policy, settings=settings)

    def _algorithm(self, spaces: Spaces, settings: sac.Settings, replay: int, reward: str) -> GivenReward:
        return GivenReward(spaces, self.seed, settings, replay)

    def hear(self, message: Message) -> Iterator[Message]:
        if not isinstance(message, Score):
            yield from super().hear(message)
        else:
            for name in ("reward", "absorbing_reward"):
                check(f"rollout {message.rollout}", name, getattr(message, name), FINITE, rows="step")
            yield from self._learn(message.rollout, message.step, message.reward, message.absorbing_reward)

    def _update(self, steps: Rollout, *rest: Any) -> dict[str, float]:
        return self.algorithm.update(steps, *rest)
