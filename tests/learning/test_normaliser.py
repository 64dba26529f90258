import numpy as np

from tutelage.learning.normaliser import Normaliser


def test_batches_merge_to_the_mean_and_deviation_of_all():
    # 1, 3 | 5, 7, 9: mean 5, variance (16 + 4 + 0 + 4 + 16) / 5 = 8; beside them the same, twice as far from 10
    normaliser = Normaliser(2)
    normaliser.update(np.array([[[1.0, 2.0], [3.0, 6.0]]]))
    normaliser.update(np.array([[[5.0, 10.0]], [[7.0, 14.0]], [[9.0, 18.0]]]))
    tensors = normaliser.tensors()
    np.testing.assert_allclose(tensors["observation.mean"], [5, 10])
    np.testing.assert_allclose(tensors["observation.scale"], [8**-0.5, 32**-0.5], rtol=1e-6)
    assert normaliser.count == 5


def test_before_any_observation_and_without_variation_nothing_is_scaled():
    normaliser = Normaliser(2)
    np.testing.assert_array_equal(normaliser.tensors()["observation.scale"], [1, 1])
    normaliser.update(np.array([[4.0, 1.0], [4.0, 2.0]]))
    np.testing.assert_allclose(normaliser.tensors()["observation.scale"], [1, 2])


def test_a_deviation_of_a_millionth_or_less_is_none():
    normaliser = Normaliser(2)
    normaliser.load({"count": np.array(4.0), "mean": np.zeros(2), "square": np.array([4e-12, 16e-12])})
    np.testing.assert_allclose(normaliser.tensors()["observation.scale"], [1, 0.5e6])


def test_one_that_is_taken_over_counts_for_65536_observations():
    # mean 1, deviation 2, then 65537 more than the mean: the mean goes up by 65537 / 65537 = 1, the squares by
    # 65537**2 * 65536 / 65537
    normaliser = Normaliser(1)
    normaliser.begin_with(
        {"observation.mean": np.ones(1, np.float32), "observation.scale": np.full(1, 0.5, np.float32)}
    )
    np.testing.assert_array_equal(normaliser.tensors()["observation.scale"], [0.5])
    normaliser.update(np.array([[65538.0]]))
    np.testing.assert_allclose(normaliser.mean, [2], rtol=1e-9)
    np.testing.assert_allclose(normaliser.square, [4 * 65536 + 65537 * 65536], rtol=1e-9)


def test_it_goes_on_from_its_state():
    normaliser, again = Normaliser(1), Normaliser(1)
    normaliser.update(np.array([[1.0], [5.0]]))
    assert {name: array.tolist() for name, array in normaliser.state().items()} == {
        "count": 2,
        "mean": [3],
        "square": [8],
    }
    again.load(normaliser.state())
    again.update(np.array([[3.0]]))
    assert [array.tolist() for array in again.state().values()] == [3, [3], [8]]
