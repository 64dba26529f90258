import numpy as np
import pytest

from tutelage.learning.draws import Share, episode_seed, generator


def test_the_same_key_gives_the_same_numbers_whatever_was_drawn_in_between():
    first = generator(3, "policy", "action", 7).random(5)
    generator(3, "policy", "action", 8).random(100)
    np.testing.assert_array_equal(generator(3, "policy", "action", 7).random(5), first)


def test_another_seed_or_purpose_or_step_gives_other_numbers():
    keys = [
        (3, "policy", 7),
        (4, "policy", 7),
        (3, "learner", 7),
        (3, "policy", 8),
        (3, "poli", "cy", 7),
        (37, "policy"),
    ]
    assert len({generator(*key).random() for key in keys}) == len(keys)  # type: ignore[arg-type]


def test_a_number_of_numpy_is_the_same_key_as_one_of_python():
    assert generator(3, "a", int(np.int64(5))).random() == generator(3, "a", np.int64(5)).random()  # type: ignore[arg-type]


def test_the_numbers_themselves_stay_as_they_are():
    """Another value here would change every run that was ever recorded."""
    assert generator(0, "policy", "action", 0).integers(2**32) == 1012330571
    assert episode_seed(0, 1, 2) == 536134470


@pytest.mark.parametrize(
    "draw", [lambda of, n: of.random(n), lambda of, n: of.standard_normal((n, 3), dtype=np.float32)]
)
def test_shares_together_draw_what_one_generator_draws(draw):
    shares = [draw(Share(generator(3, "policy"), part, 4), 2) for part in range(4)]
    np.testing.assert_array_equal(np.concatenate(shares), draw(generator(3, "policy"), 8))
