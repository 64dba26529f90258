"""What happens: observations, actions, transitions, and the demonstrations of an expert."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from tutelage.finite import check
from tutelage.message import Message


class Observation(Message, cadence="step"):
    """simulator | hardware -> policy, teleoperator: the world before the next action, one row an environment."""

    observation: Annotated[NDArray[np.float32], "envs obs", "the task's units"]


class Begin(Message, cadence="free"):
    """teleoperator, takeover -> simulator | hardware: leave the running episode, if there is one, and begin another.

    It stands for the action of its step. The episode that it begins bears a later rollout.
    """

    reason: str


class Action(Message, cadence="step"):
    """policy | teleoperator -> simulator | hardware: what to do at this step, and how likely the policy found it.

    A discrete action is an index; a continuous one is in the frame where the task's bounds are -1 and 1. Where a person
    acts in the policy's place `policy_version` is -1.
    """

    action: Annotated[NDArray[np.int64] | NDArray[np.float32], "envs *action"]
    log_prob: Annotated[NDArray[np.float32], "envs", "nat"]
    policy_version: int


class Transition(Message, cadence="step"):
    """simulator | hardware -> discriminator, learner: what some consecutive steps did, stamped with the last of them.

    `next_observation` is the true last one where an episode ended, not the first of the episode after it. `terminated`
    is the task's end, `truncated` the clock's. There is no reward here: an imitation learner never sees it.

    `log_prob` is the policy's of the action, given the observation that it answered. On hardware that is an earlier one
    than the step's where an action came late or was held; steps before an episode's first applied action are left out,
    and what was refused counts as if it had not come. The action is as the policy drew it, whatever its bounds and the
    guard have made of it; where a person acts it is what was applied, which is what their takes have.
    """

    observation: Annotated[NDArray[np.float32], "steps envs obs", "the task's units"]
    action: Annotated[NDArray[np.int64] | NDArray[np.float32], "steps envs *action"]
    next_observation: Annotated[NDArray[np.float32], "steps envs obs", "the task's units"]
    log_prob: Annotated[NDArray[np.float32], "steps envs", "nat"]
    terminated: Annotated[NDArray[np.bool_], "steps envs"]
    truncated: Annotated[NDArray[np.bool_], "steps envs"]


class Reward(Message, cadence="step"):
    """simulator | hardware -> rewarder: the environment's own reward of a Transition's steps, for PPO on it."""

    reward: Annotated[NDArray[np.float32], "steps envs"]


class Episode(Message, cadence="free"):
    """simulator | hardware | demonstrator | admission -> those who look on: an episode ended. Nobody learns from it.

    `episode_return` is the sum of the environment's own reward; `actor` says whose it is: `policy`, `expert`, or on
    hardware `human`, where a person, or who acts in a person's place, has acted in it at all.
    """

    actor: Literal["policy", "expert", "human"]
    environment: int
    episode: int
    seed: int
    length: Annotated[int, "steps"]
    episode_return: float


class Demonstration(Message, cadence="free"):
    """demonstrator | dataset | admission -> discriminator | cloner, recorder: one episode of the expert.

    It counts from the rollout that it bears. `observation` has one row more than `action`: the last one.
    """

    observation: Annotated[NDArray[np.float32], "steps+1 obs", "the task's units"]
    action: Annotated[NDArray[np.int64] | NDArray[np.float32], "steps *action"]
    terminated: bool
    truncated: bool
    operator: str

    def check(self, number: int) -> None:
        """Refuses one with a number that is none, whoever shows it.

        Raises:
            FloatingPointError: names its step.
        """
        place = f"demonstration {number} of {self.operator}"
        check(place, "observation", self.observation, rows="step")
        check(place, "action", self.action, rows="step")


class Withdrawal(Message, cadence="free"):
    """admission -> discriminator | cloner: the operator takes back demonstrations: unlearn them.

    They are the last of those that bear an earlier rollout than this.
    """

    demonstrations: Annotated[int, "demonstrations"]

    def of(self, since: Sequence[int]) -> slice:
        """Which ones, where demonstration i counts from rollout `since[i]` on."""
        end = bisect_left(since, self.rollout)
        return slice(end - self.demonstrations, end)


class Take(Message, cadence="free"):
    """teleoperator -> admission, recorder: one episode as it was driven. No learner hears it.

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


class Closing(Message, cadence="free"):
    """teleoperator -> admission, recorder: the session is over, no take follows."""

    takes: int
    kept: int
