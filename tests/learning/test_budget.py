"""How many steps a run takes, also when it was extended."""

import pytest
import yaml

from tutelage.launchfiles.search import LAUNCH_FOLDER
from tutelage.learning.budget import INVERSE, LABELLED, OFF_POLICY, ON_POLICY, Budget, Budgets, budget
from tutelage.learning.rollout import Spaces

BINARY, DISCRETE, CONTINUOUS = Spaces(4, 2, True), Spaces(2, 3, True), Spaces(3, 2, False)


@pytest.mark.parametrize(("spaces", "default"), [(BINARY, 2), (DISCRETE, 3), (CONTINUOUS, 5)])
def test_where_none_is_given_it_goes_by_the_kind_of_action(spaces: Spaces, default: int) -> None:
    of = Budgets(2, 3, 5)
    assert budget(0, spaces, of) == default and budget(7, spaces, of) == 7
    assert budget([7, 0, 9], spaces, of).parts == (7, default, 9)
    assert budget(0, BINARY) == ON_POLICY.binary
    assert [budget(0, Spaces(3, numbers, False), Budgets(2, 3, 5, each_number=2)) for numbers in (1, 2, 3)] == [2, 5, 6]


@pytest.mark.parametrize(
    ("launch_file", "default"),
    [
        ("gail", ON_POLICY),
        ("airl", ON_POLICY),
        ("ppo", ON_POLICY),
        ("dac", OFF_POLICY),
        ("iq", INVERSE),
        ("dagger", LABELLED),
        ("sac", OFF_POLICY),
    ],
)
def test_the_launch_files_say_what_the_default_is(launch_file: str, default: Budgets) -> None:
    arguments = yaml.safe_load((LAUNCH_FOLDER / f"{launch_file}.yaml").read_text())["arguments"]
    numbers = f", {default.continuous:,} for continuous ones"
    if default.each_number:
        numbers = f"; for continuous ones {default.each_number:,} for each number, but for several at least {default.continuous:,}"
    said = f"(0 means {default.binary:,} for two discrete actions, {default.discrete:,} for more{numbers})"
    assert said in arguments["budget"]["help"]


def test_an_extended_run_passes_through_its_former_ends() -> None:
    extended = Budget([100, 400])
    assert extended == 400 and extended.parts == (100, 400)
    assert [extended.part(steps) for steps in (0, 99, 100, 399, 400)] == [100, 100, 400, 400, 400]
    assert [extended.progress(steps) for steps in (50, 99, 100, 400)] == [0.5, 0.99, 0.25, 1]
