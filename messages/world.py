"""The world: observations, actions, transitions, rewards, episodes."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from tutelage.message import Message


class Observation(Message, cadence="step"):
    """simulator | hardware -> policy, teleoperator: the world before the next action, one row an environment."""

    observation: Annotated[NDArray[np.float32], "envs obs", "the task's units"]


class Picture(Message, cadence="free"):
    """simulator | camera -> teleoperator, takeover: the task as its environment draws it, or as a camera sees it.

    It is for people. No node learns from it.
    """

    png: Annotated[NDArray[np.uint8], "bytes", "PNG file"]


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
