"""The default number of environment steps of a task: a rule of thumb by the kind of action."""

from tutelage.learning.rollout import Spaces

BINARY, DISCRETE, CONTINUOUS = 114_688, 1_048_576, 2_097_152


def budget(given: int, spaces: Spaces) -> int:
    """The given number of environment steps; for 0, the default by the task's actions."""
    discrete = BINARY if spaces.action == 2 else DISCRETE
    return given or (discrete if spaces.discrete else CONTINUOUS)
