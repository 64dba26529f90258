"""Gathering rollouts and demonstrations."""

from types import SimpleNamespace

import numpy as np
import pytest

from tutelage.learning.rollout import Demonstration, Demonstrations, Rollout, RolloutBuffer


def steps(first: int, count: int) -> Rollout:
    """Steps of two environments; each array holds numbers of its own."""
    numbers = np.arange(first, first + count)
    fields = [np.stack([100 * i + numbers, 100 * i + 50 + numbers], axis=1) for i in range(len(Rollout._fields))]
    return Rollout(*fields)


def equal(left: Rollout, right: Rollout) -> bool:
    return all(np.array_equal(*pair) for pair in zip(left, right, strict=True))


def test_gathers_the_parts_of_a_rollout_in_order_then_starts_anew() -> None:
    gatherer = RolloutBuffer()
    assert [gatherer.add(part) for part in (steps(0, 3), steps(3, 1), steps(4, 2))] == [3, 4, 6]
    assert equal(gatherer.rollout(), steps(0, 6))
    assert gatherer.add(steps(6, 2)) == 2
    assert equal(gatherer.rollout(), steps(6, 2))


def test_a_rollout_in_one_part_is_not_copied() -> None:
    gatherer, part = RolloutBuffer(), steps(0, 3)
    gatherer.add(part)
    assert all(given is gathered for given, gathered in zip(part, gatherer.rollout(), strict=True))


def test_a_restored_gatherer_continues_as_the_saved_one_was() -> None:
    saved, restored = RolloutBuffer(), RolloutBuffer()
    saved.add(steps(0, 3))
    restored.add(steps(7, 7))
    restored.load(saved.state())
    assert restored.add(steps(3, 2)) == 5
    assert equal(restored.rollout(), steps(0, 5))
    assert equal(saved.rollout(), steps(0, 3)), "they share nothing"


def test_a_demonstration_is_taken_from_any_object_with_its_fields() -> None:
    demonstration = Demonstration(np.zeros((3, 2)), np.ones(2), True, False, 4)
    shown = Demonstrations()
    shown.add(SimpleNamespace(sender="more than its fields", **demonstration._asdict()))
    assert shown == [demonstration]


@pytest.mark.parametrize("rollout", [None, 7])
def test_restored_demonstrations_are_the_saved_ones(rollout: int | None) -> None:
    given = Demonstration(np.zeros((3, 2)), np.ones(2), False, True, *([] if rollout is None else [rollout]))
    saved, restored = Demonstrations(), Demonstrations([given, given])
    saved.add(given)
    restored.load(saved.state())
    assert restored == [given] and restored.since == [rollout or 0]
