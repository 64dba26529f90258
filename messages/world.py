"""Observations, actions, transitions, and the demonstrations of an expert."""

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

    It replaces the action of its step. The new episode has a later rollout.
    """

    reason: str


class Action(Message, cadence="step"):
    """policy | teleoperator -> simulator | hardware: the action of this step, and its likelihood under the policy.

    A discrete action is an index; a continuous one is in the frame where the task's bounds are -1 and 1. A person's
    action has `policy_version` -1.
    """

    action: Annotated[NDArray[np.int64] | NDArray[np.float32], "envs *action"]
    log_prob: Annotated[NDArray[np.float32], "envs", "nat"]
    policy_version: int


class Transition(Message, cadence="step"):
    """simulator | hardware -> discriminator, learner: some consecutive steps, stamped with the last of them.

    `next_observation` is the true last one where an episode ended, not the first of the episode after it. `terminated`:
    the task ended it; `truncated`: a time limit did. It has no reward: an imitation learner never sees it.

    `log_prob` is the action's under the policy, given the observation that it answered. On hardware that observation is
    earlier than the step's if the action came late or was held; steps before an episode's first applied action are left
    out, and refused actions are ignored. A policy's action is as drawn, before bounds and guard; a person's action is
    the applied one, as in their takes.
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
    """simulator | hardware | demonstrator | admission -> observers: an episode ended. No node learns from it.

    `episode_return` is the sum of the environment's own reward; `actor` is `policy`, `expert`, or on
    hardware `human` if an operator has acted in it at all.
    """

    actor: Literal["policy", "expert", "human"]
    environment: int
    episode: int
    seed: int
    length: Annotated[int, "steps"]
    episode_return: float


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
        """Refuses one with a number that is none, whoever shows it.

        Raises:
            FloatingPointError: names its step.
        """
        place = f"demonstration {number} of {self.operator}"
        check(place, "observation", self.observation, rows="step")
        check(place, "action", self.action, rows="step")


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


class Closing(Message, cadence="free"):
    """teleoperator -> admission, recorder: the session is over; no take follows."""

    takes: int
    kept: int
