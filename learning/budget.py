"""How many environment steps a task is learned from, where nobody says: a rule of thumb by what an action can be."""

from tutelage.learning.rollout import Spaces

BINARY, DISCRETE, CONTINUOUS = 114_688, 1_048_576, 2_097_152


def budget(given: int, spaces: Spaces) -> int:
    """Environment steps: so many as are given; for 0, by the choices of a discrete action or the kind of action."""
    discrete = BINARY if spaces.action == 2 else DISCRETE
    return given or (discrete if spaces.discrete else CONTINUOUS)
