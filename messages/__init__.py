"""Everything that nodes can say to each other. Read this first; `cli.py messages` prints it.

`world` is what happens (observations, actions, transitions, demonstrations), `learning` what is made of it (scores,
weights, measurements). How the processes themselves are is `tutelage.status`. Arrays are batched over a node's
environments: `envs` is their number, one for a robot.
"""

from tutelage.messages.learning import Enough, Evaluation, Metrics, RewardModel, Score, Weights
from tutelage.messages.robot import Command, Order, Safety, Timing
from tutelage.messages.world import (
    Action,
    Begin,
    Closing,
    Demonstration,
    Episode,
    Observation,
    Reward,
    Take,
    Transition,
    Withdrawal,
)
from tutelage.status import Status

__all__ = [
    "Action",
    "Begin",
    "Closing",
    "Command",
    "Demonstration",
    "Enough",
    "Episode",
    "Evaluation",
    "Metrics",
    "Observation",
    "Order",
    "Reward",
    "RewardModel",
    "Safety",
    "Score",
    "Status",
    "Take",
    "Timing",
    "Transition",
    "Weights",
    "Withdrawal",
]
