"""The default number of environment steps of a task: a rule of thumb by the kind of action."""

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
    """The given number of environment steps; for 0, the default by the task's actions."""
    discrete = of.binary if spaces.action == 2 else of.discrete
    return given or (discrete if spaces.discrete else of.continuous)
