"""The number of environment steps of a run; its default is a rule of thumb by the kind of action."""

from collections.abc import Sequence
from typing import NamedTuple

from tutelage.learning.rollout import Spaces


class Budgets(NamedTuple):
    """Environment steps by what an action can be."""

    binary: int
    discrete: int
    continuous: int
    each_number: int = 0
    """of a continuous action: all there is for one number, and for several if it makes more than `continuous`"""


ON_POLICY = Budgets(114_688, 1_048_576, 2_097_152)
OFF_POLICY = Budgets(40_960, 163_840, 307_200, each_number=51_200)
INVERSE = Budgets(40_960, 163_840, 102_400)
LABELLED = Budgets(2_048, 8_192, 16_384)

ENVIRONMENTS, ROLLOUT_STEPS = 16, 32
"""of off-policy runs: copies of the environment, and steps of each in a rollout"""


class Budget(int):
    """Environment steps of a whole run: an int. `parts` are those of its former ends, if it was extended, and this."""

    parts: tuple[int, ...]

    def __new__(cls, parts: Sequence[int]) -> "Budget":
        made = super().__new__(cls, parts[-1])
        made.parts = tuple(parts)
        return made

    def part(self, steps: int) -> int:
        """The budget in effect after so many steps: until a former end it was that one."""
        return next((part for part in self.parts if steps < part), self)

    def progress(self, steps: int) -> float:
        """Share of the budget in effect, from 0 to 1, by which rates anneal.

        So an extended run passes through its former final weights.
        """
        return steps / self.part(steps)


def budget(given: int | Sequence[int], spaces: Spaces, of: Budgets = ON_POLICY) -> Budget:
    """The given number of environment steps, or numbers, for 0 the default by the task's actions."""
    default = _default(spaces, of)
    return Budget([part or default for part in ([given] if isinstance(given, int) else given)])


def _default(spaces: Spaces, of: Budgets) -> int:
    if spaces.discrete:
        return of.binary if spaces.action == 2 else of.discrete
    if spaces.action == 1 and of.each_number:
        return of.each_number
    return max(of.continuous, of.each_number * spaces.action)
