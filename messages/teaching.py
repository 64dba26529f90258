"""What is taught: takes, and the demonstrations that learners receive."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from tutelage.finite import check
from tutelage.message import Message, values
from tutelage.messages.world import Episode


class Demonstration(Message, cadence="free"):
    """demonstrator | dataset | admission -> discriminator | cloner, recorder: one episode of the expert.

    It counts from its own rollout on. `observation` has one row more than `action`: the last one.
    """

    observation: Annotated[NDArray[np.float32], "steps+1 obs", "the task's units"]
    action: Annotated[NDArray[np.int64] | NDArray[np.float32], "steps *action"]
    terminated: bool
    truncated: bool
    operator: str

    def check(self, number: int) -> None:
        """Checks that all its numbers are finite.

        Raises:
            FloatingPointError: names its step.
        """
        place = f"demonstration {number} of {self.operator}"
        check(place, "observation", self.observation, rows="step")
        check(place, "action", self.action, rows="step")

    def thinned(self, every: int, draw: np.random.Generator) -> Demonstration:
        """Every n-th pair, from one of the first n on, and the true last observation."""
        kept = np.arange(draw.integers(min(every, len(self.action))), len(self.action), every)
        observation = np.concatenate([self.observation[kept], self.observation[-1:]])
        ends = self.terminated, self.truncated
        return Demonstration(self.rollout, self.step, observation, self.action[kept], *ends, self.operator)

    def episode(self, number: int, seed: int, episode_return: float) -> Episode:
        """What tells observers that it was shown."""
        return Episode(self.rollout, 0, "expert", 0, number, seed, len(self.action), episode_return)


class Labels(Message, cadence="rollout"):
    """labeller -> learner, recorder: the operator's action for each observation of this rollout.

    It is what the operator would have done, whoever acted.
    """

    observation: Annotated[NDArray[np.float32], "steps envs obs", "the task's units"]
    action: Annotated[NDArray[np.int64] | NDArray[np.float32], "steps envs *action"]


class Withdrawal(Message, cadence="free"):
    """admission -> discriminator | cloner: the operator takes demonstrations back: forget them.

    They are the last ones of earlier rollouts than this.
    """

    demonstrations: Annotated[int, "demonstrations"]

    def of(self, since: Sequence[int]) -> slice:
        """Which ones, if demonstration i counts from rollout `since[i]` on."""
        end = bisect_left(since, self.rollout)
        return slice(end - self.demonstrations, end)


class Take(Message, cadence="free"):
    """teleoperator -> admission, recorder: one episode as it was driven. No learner receives it.

    `verdict` is `kept` or `discarded`; a later Take of the same number changes it. `reward` is the environment's own,
    zeros on a robot. An episode that the operator cut off counts as truncated.
    """

    take: int
    verdict: Literal["kept", "discarded"]
    observation: Annotated[NDArray[np.float32], "steps+1 obs", "the task's units"]
    action: Annotated[NDArray[np.int64] | NDArray[np.float32], "steps *action"]
    reward: Annotated[NDArray[np.float32], "steps"]
    terminated: bool
    truncated: bool
    captured: Annotated[NDArray[np.int64], "steps+1", "ns, monotonic"]
    applied: Annotated[NDArray[np.int64], "steps", "ns, monotonic"]
    operator: str
    device: str
    seed: int

    def reversed(self) -> Take:
        """The take with the other verdict."""
        fields = {field.name: value for field, value in zip(self.declared, values(self), strict=True)}
        return Take(**fields | {"verdict": "kept" if self.verdict == "discarded" else "discarded"})


class Closing(Message, cadence="free"):
    """teleoperator -> admission, recorder: the session is over; no take follows."""

    takes: int
    kept: int
