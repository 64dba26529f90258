"""What a person is told of takes that are not worth learning from."""

from tutelage.tasks.task import Task
from tutelage.teaching.worth import Worth


def test_a_take_is_compared_with_random_actions() -> None:
    worth = Worth(Task("CartPole-v1"))
    assert 20 < worth.at_random < 200
    assert worth.warning(worth.at_random + 1) == ""
    assert worth.warning(9.0) == f"no better than the best of 20 random episodes ({worth.at_random:.1f}): undo it"


def test_the_summary_names_the_poor_takes() -> None:
    worth = Worth(Task("Pendulum-v1"))
    assert worth.at_random < -500  # a continuous action, and returns below zero
    assert worth.summary({0: -130.0, 3: -200.0}, "runs/a") == "2 kept, returns -200.0 to -130.0"
    assert worth.good({0: -130.0, 1: -1600.0, 4: -1700.0}) == 1
    said = worth.summary({0: -130.0, 1: -1600.0, 4: -1700.0}, "runs/a").splitlines()
    assert said[1].startswith("takes 1, 4 are no better than the best of 20 random episodes (") and said[2].endswith(
        "demos discard runs/a 1 4"
    )
