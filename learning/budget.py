"""How many environment steps a task is learned from, where nobody says: a rule of thumb by what an action can be."""

from typing import NamedTuple

from tutelage.learning.rollout import Spaces


class Budgets(NamedTuple):
    """Environment steps by what an action can be."""

    binary: int
    discrete: int
    continuous: int


ON_POLICY = Budgets(114_688, 1_048_576, 2_097_152)
OFF_POLICY = Budgets(40_960, 163_840, 307_200)


def budget(given: int, spaces: Spaces, of: Budgets = ON_POLICY) -> int:
    """Environment steps: so many as are given; for 0, by the choices of a discrete action or the kind of action."""
    discrete = of.binary if spaces.action == 2 else of.discrete
    return given or (discrete if spaces.discrete else of.continuous)
