import numpy as np

from tutelage.learning.normaliser import Normaliser


def test_batches_merge_to_the_mean_and_deviation_of_all():
    # 1, 3 | 5, 7, 9: mean 5, variance (16 + 4 + 0 + 4 + 16) / 5 = 8
    normaliser = Normaliser(1)
    normaliser.update(np.array([[1.0], [3.0]]))
    normaliser.update(np.array([[5.0], [7.0], [9.0]]))
    tensors = normaliser.tensors()
    np.testing.assert_allclose(tensors["observation.mean"], [5])
    np.testing.assert_allclose(tensors["observation.scale"], [8**-0.5], rtol=1e-6)


def test_before_any_observation_and_without_variation_nothing_is_scaled():
    normaliser = Normaliser(2)
    np.testing.assert_array_equal(normaliser.tensors()["observation.scale"], [1, 1])
    normaliser.update(np.array([[4.0, 1.0], [4.0, 2.0]]))
    np.testing.assert_allclose(normaliser.tensors()["observation.scale"], [1, 2])
