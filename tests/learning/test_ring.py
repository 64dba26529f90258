"""A ring buffer gives back what came in, oldest first, and the same after any restart."""

import numpy as np
import pytest

from tutelage.learning.ring import Ring


def entries(first: int, count: int) -> np.ndarray:
    return np.repeat(np.arange(first, first + count, dtype=np.float32)[:, None], 3, axis=1)


def test_the_newest_are_kept_in_order() -> None:
    ring = Ring(5)
    assert len(ring) == 0 and ring.since(0).size == 0
    for first in (0, 4, 8):
        ring.append(entries(first, 4))
    assert (len(ring), ring.oldest, ring.count) == (5, 7, 12)
    assert ring.since(9)[:, 0].tolist() == [9, 10, 11]
    assert ring.at(np.array([8, 7, 11]))[:, 0].tolist() == [8, 7, 11]
    with pytest.raises(ValueError, match="rows since 6 were asked for, but the oldest kept is 7"):
        ring.since(6)


def test_more_at_once_than_it_holds() -> None:
    ring = Ring(5)
    ring.append(entries(0, 13))
    assert ring.since(ring.oldest)[:, 0].tolist() == [8, 9, 10, 11, 12]


def test_capacity_counts_rows_of_all_environments() -> None:
    ring = Ring(10)
    ring.append(np.zeros((7, 4, 3), np.float32))
    assert len(ring) == 2


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
