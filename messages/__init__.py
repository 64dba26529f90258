"""Everything that nodes can say to each other. Read this first; `cli.py messages` prints it.

`world` is what happens (observations, actions, transitions, demonstrations), `learning` what is made of it (scores,
weights, measurements); how the processes
themselves are is tutelage.status. Arrays are batched over a node's environments:
`envs` is their number, one for a robot.
"""

from messages.learning import Evaluation, Metrics, Score, Weights
from messages.world import Action, Demonstration, Episode, Observation, Transition
from tutelage.status import Status

__all__ = [
    "Action",
    "Demonstration",
    "Episode",
    "Evaluation",
    "Metrics",
    "Observation",
    "Score",
    "Status",
    "Transition",
    "Weights",
]
