"""All message types. Read this first; `tutelage messages` prints it.

`world` has observations, actions and transitions; `teaching` takes and demonstrations; `learning` scores, weights and
measurements; `robot` what concerns a device. `tutelage.status` has the state of the processes,
`tutelage.setting` what a person changes while they run. Arrays are batched over
a node's environments: `envs` is their number, one for a robot.
"""

from tutelage.messages.learning import Enough, Evaluation, Gradient, Metrics, RewardModel, Score, Weights
from tutelage.messages.robot import Command, Order, Safety, Timing
from tutelage.messages.teaching import Closing, Demonstration, Labels, Take, Withdrawal
from tutelage.messages.world import Action, Begin, Episode, Observation, Picture, Reward, Transition
from tutelage.setting import Setting
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
    "Gradient",
    "Labels",
    "Metrics",
    "Observation",
    "Order",
    "Picture",
    "Reward",
    "RewardModel",
    "Safety",
    "Score",
    "Setting",
    "Status",
    "Take",
    "Timing",
    "Transition",
    "Weights",
    "Withdrawal",
]
