from typing import Any

import numpy as np
import pytest
import torch

from tests.parts.autograd import gradient_of, mlp, tensors
from tutelage.learning.adam import Adam
from tutelage.learning.draws import generator
from tutelage.learning.networks import Parameters, Pass, mlp_arrays, orthogonal


def test_orthogonal_rows_or_columns_times_gain():
    for rows, columns in ((5, 3), (3, 5)):
        matrix = orthogonal(generator(0, "test"), rows, columns, gain=2.0)
        product = matrix.T @ matrix if rows > columns else matrix @ matrix.T
        np.testing.assert_allclose(product, 4 * np.eye(3), atol=1e-5)


def test_of_all_orthogonal_matrices_each_is_as_likely():
    """A QR decomposition is made unique by a diagonal above zero; the signs that the solver happens to give are not."""
    for rows, columns in ((5, 3), (3, 5), (4, 4)):
        drawn = generator(0, "test").standard_normal((max(rows, columns), min(rows, columns)))
        matrix = orthogonal(generator(0, "test"), rows, columns, gain=1.0)
        r = (matrix if rows >= columns else matrix.T).T @ drawn
        np.testing.assert_allclose(np.tril(r, -1), 0, atol=1e-5)
        assert matrix.shape == (rows, columns) and (np.diag(r) > 0).all()


def test_first_weights_have_a_gain_of_root_two_and_the_last_layer_its_own():
    arrays = mlp_arrays("net", (4, 4, 4, 4), generator(0, "test"), output_gain=0.5)
    for layer, square in enumerate((2, 2, 0.25)):
        weight = arrays[f"net.{layer}.weight"]
        np.testing.assert_allclose(weight @ weight.T, square * np.eye(4), atol=1e-5)
        np.testing.assert_array_equal(arrays[f"net.{layer}.bias"], np.zeros(4, np.float32))


def test_the_flat_vector_and_the_named_tensors_are_the_same_numbers():
    parameters = Parameters(mlp_arrays("net", (2, 3, 3, 1), generator(0, "test"), output_gain=1.0))
    parameters.flat[:] = 0.5
    # tanh(.5 + .5*1 + .5*1) = tanh 1.5 three times; tanh(.5 + 3 * .5 * tanh 1.5) three times
    first = np.tanh(1.5)
    expected = 0.5 + 1.5 * np.tanh(0.5 + 1.5 * first)
    np.testing.assert_allclose(
        Pass(parameters.named, "net", np.ones((1, 2), np.float32)).output.item(), expected, rtol=1e-6
    )


def test_the_arrays_of_parameters_are_copies() -> None:
    parameters = Parameters({"a": np.array([2.0, 3.0], np.float32), "b": np.array([[5.0]], np.float32)})
    before = parameters.arrays()
    parameters.flat += 1
    for found, wanted in ((before, {"a": [2, 3], "b": [[5]]}), (parameters.arrays(), {"a": [3, 4], "b": [[6]]})):
        assert {name: array.tolist() for name, array in found.items()} == wanted


def test_adam():
    # gradient 2, then -1, betas .5 and .75: means 1, 0; squares 1, 1; corrected by 1 - .5^n and 1 - .75^n:
    # first step 2 / sqrt(4) = 1; second 0: the vector goes down by .1, then stays
    flat = np.array([3.0], np.float32)
    adam = Adam(flat, betas=(0.5, 0.75), epsilon=0.0)
    adam.step(np.array([2.0]), 0.1)
    np.testing.assert_allclose(flat, 2.9, rtol=1e-6)
    adam.step(np.array([-1.0]), 0.1)
    np.testing.assert_allclose(flat, 2.9, rtol=1e-6)
    # gradient 4: mean 2, square .75 + 16 / 4 = 4.75; 2 / (7/8) / sqrt(4.75 / (37/64))
    adam.step(np.array([4.0]), 0.1)
    np.testing.assert_allclose(flat, 2.9 - 0.1 * (16 / 7) / (4.75 * 64 / 37) ** 0.5, rtol=1e-6)


def test_adam_clips_the_norm_of_the_gradient():
    clipped, small = np.zeros(2, np.float32), np.zeros(2, np.float32)
    adam, reference = Adam(clipped, epsilon=1.0), Adam(small, epsilon=1.0)
    adam.step(np.array([30.0, 40.0]), 0.1, max_norm=5.0)  # of norm 50
    reference.step(np.array([3.0, 4.0]), 0.1)
    np.testing.assert_allclose(clipped, small, rtol=1e-6)


def test_adam_has_the_papers_betas_and_an_epsilon_of_a_hundred_thousandth() -> None:
    flat, mean, square, wanted = np.zeros(1, np.float32), 0.0, 0.0, 0.0
    adam = Adam(flat)
    for step, gradient in enumerate((1e-5, 4e-5, -1e-5), 1):  # so small that epsilon counts
        adam.step(np.array([gradient], np.float32), 0.1)
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        wanted -= 0.1 * (mean / (1 - 0.9**step)) / ((square / (1 - 0.999**step)) ** 0.5 + 1e-5)
    np.testing.assert_allclose(flat, [wanted], rtol=1e-4)


def test_adam_stays_where_there_is_no_gradient() -> None:
    flat = np.array([3.0, 4.0], np.float32)
    for most in (1.0, float("inf")):
        Adam(flat).step(np.zeros(2, np.float32), 0.1, max_norm=most)
        assert flat.tolist() == [3, 4]


def test_adam_goes_on_to_the_bit_from_its_state_which_is_a_copy() -> None:
    gradients = generator(0, "test").standard_normal((4, 3), np.float32)
    first, second = Adam(np.ones(3, np.float32)), Adam(np.full(3, 7, np.float32))
    for gradient in gradients[:2]:
        first.step(gradient, 0.1)
    state = first.state()
    first.step(gradients[2], 0.1)
    second.load(state)
    second.step(gradients[2], 0.1)
    for adam in (first, second):
        adam.step(gradients[3], 0.1)
    assert first.steps == second.steps == 4
    for name, array in first.state().items():
        np.testing.assert_array_equal(second.state()[name], array)


def test_adam_moves_a_tensor_as_it_moves_an_array() -> None:
    array, tensor = np.ones(3, np.float32), torch.ones(3)
    for flat, gradient in ((array, np.array([1.0, -2, 3], np.float32)), (tensor, torch.tensor([1.0, -2, 3]))):
        Adam(flat).step(gradient, 0.1, max_norm=2.0)
    np.testing.assert_array_equal(tensor, array)
    assert (array != 1).all()


@pytest.fixture
def passed() -> Any:
    """A network's parameters and a pass through it, of 16 rows."""
    parameters = Parameters(mlp_arrays("net", (3, 8, 7, 1), generator(0, "test"), 1.0))
    parameters.flat += 0.1 * generator(1, "test").standard_normal(len(parameters.flat), np.float32)
    x = generator(2, "test").standard_normal((16, 3), np.float32)
    return parameters, x, Pass(parameters.named, "net", x)


def test_output_and_gradient_are_those_of_autograd(passed: Any) -> None:
    parameters, x, ours = passed
    named = tensors(parameters)
    output = mlp(named, "net", torch.tensor(x))
    np.testing.assert_allclose(ours.output, output.detach(), rtol=1e-5, atol=1e-6)
    wanted = gradient_of(output.square().sum(), named)
    np.testing.assert_allclose(ours.gradient(2 * ours.output), wanted, rtol=1e-4, atol=1e-5)


def test_the_gradient_of_several_outputs_is_that_of_autograd() -> None:
    parameters = Parameters(mlp_arrays("net", (3, 8, 7, 2), generator(0, "test"), 1.0))
    x, by_output = (generator(1, "test").standard_normal((16, size), np.float32) for size in (3, 2))
    named = tensors(parameters)
    wanted = gradient_of((mlp(named, "net", torch.tensor(x)) * torch.tensor(by_output)).sum(), named)
    got = Pass(parameters.named, "net", x).gradient(by_output)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_the_slope_and_what_it_adds_to_the_gradient_are_those_of_autograd(passed: Any) -> None:
    parameters, x, ours = passed
    named, inputs = tensors(parameters), torch.tensor(x, requires_grad=True)
    output = mlp(named, "net", inputs)
    (slope,) = torch.autograd.grad(output.sum(), inputs, create_graph=True)
    np.testing.assert_allclose(ours.slope(), slope.detach(), rtol=1e-4, atol=1e-5)
    wanted = gradient_of(output.square().sum() + slope.pow(3).sum(), named)
    got = ours.gradient_with_slope(2 * ours.output, 3 * ours.slope() ** 2)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


def moved(array: np.ndarray, shift: int) -> np.ndarray:
    """A copy that begins so many numbers after the beginning of its memory."""
    copy = np.empty(array.size + shift, np.float32)[shift:].reshape(array.shape)
    copy[:] = array
    return copy


@pytest.mark.parametrize("rows", [1, 3, 32, 509])
def test_results_do_not_depend_on_where_the_numbers_lie(rows: int) -> None:
    """Messages are read where they came to lie in memory, at any multiple of four bytes."""
    arrays, found = mlp_arrays("net", (5, 64, 64, 1), generator(0, "test"), 1.0), []
    x = generator(1, "test").standard_normal((rows, 5), np.float32)
    for shift in range(16):
        named = {name: moved(array, shift) for name, array in arrays.items()}
        ours = Pass(named, "net", moved(x, shift))
        parts = ours.output, ours.slope(), ours.gradient(ours.output), ours.gradient_with_slope(ours.output, x)
        found.append(np.concatenate([part.ravel() for part in parts]))
    for other in found:
        np.testing.assert_array_equal(other, found[0])
