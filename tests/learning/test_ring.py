"""A ring buffer gives back what came in, oldest first, and the same after any restart."""

import numpy as np
import pytest

from tutelage.learning.draws import generator
from tutelage.learning.ring import Ring


def entries(first: int, count: int) -> np.ndarray:
    return np.repeat(np.arange(first, first + count, dtype=np.float32)[:, None], 3, axis=1)


def test_the_newest_are_kept_in_order() -> None:
    ring = Ring(5)
    assert len(ring) == 0 and ring.since(0).size == 0 and ring.entries.size == 0
    for first in (0, 4, 8):
        ring.append(entries(first, 4))
    assert (len(ring), ring.oldest, ring.count) == (5, 7, 12)
    assert ring.since(9)[:, 0].tolist() == [9, 10, 11]
    assert ring.at(np.array([8, 7, 11]))[:, 0].tolist() == [8, 7, 11]
    with pytest.raises(ValueError, match=r"^rows since 6 were asked for, but the oldest kept is 7$"):
        ring.since(6)


def test_more_at_once_than_it_holds() -> None:
    ring = Ring(5)
    ring.append(entries(0, 13))
    assert ring.since(ring.oldest)[:, 0].tolist() == [8, 9, 10, 11, 12]


@pytest.mark.parametrize(("capacity", "kept"), [(10, 2), (3, 1)])
def test_capacity_counts_rows_of_all_environments_and_one_entry_is_always_kept(capacity: int, kept: int) -> None:
    ring = Ring(capacity)
    ring.append(np.zeros((7, 4, 3), np.float32))
    assert len(ring) == kept


def test_samples_are_of_all_that_is_kept_and_of_nothing_else() -> None:
    ring = Ring(5)
    for first, kept in ((1, {1, 2, 3}), (4, {2, 3, 4, 5, 6})):
        ring.append(entries(first, 3))
        found = ring.sample(200, generator(0, "test"))
        assert found.shape == (200, 3) and set(found[:, 0]) == kept


def test_it_is_not_restored_from_too_few() -> None:
    with pytest.raises(ValueError, match=r"^5 rows are needed after 7 steps, but there are 4$"):
        Ring(5).restore(entries(3, 4), 7)


@pytest.mark.parametrize("count", [0, 3, 12])
def test_it_comes_back_from_its_state(count: int) -> None:
    ring, again = Ring(5), Ring(5)
    if count:
        ring.append(entries(0, count))
    again.load(ring.state())
    for one in (ring, again):
        one.append(entries(count, 2))
    np.testing.assert_array_equal(ring.entries, again.entries)
    assert ring.count == again.count
