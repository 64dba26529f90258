import numpy as np
import torch

from tutelage.learning.adam import Adam
from tutelage.learning.draws import generator
from tutelage.learning.networks import Parameters, fast_mlp, mlp, mlp_arrays, orthogonal


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
    with torch.no_grad():
        parameters.flat.fill_(0.5)
    # tanh(.5 + .5*1 + .5*1) = tanh 1.5 three times; tanh(.5 + 3 * .5 * tanh 1.5) three times
    first = np.tanh(1.5)
    expected = 0.5 + 1.5 * np.tanh(0.5 + 1.5 * first)
    np.testing.assert_allclose(mlp(parameters.named, "net", torch.ones(1, 2)).item(), expected, rtol=1e-6)


def test_the_arrays_of_parameters_are_copies() -> None:
    parameters = Parameters({"a": np.array([2.0, 3.0], np.float32), "b": np.array([[5.0]], np.float32)})
    before = parameters.arrays()
    with torch.no_grad():
        parameters.flat.add_(1)
    for found, wanted in ((before, {"a": [2, 3], "b": [[5]]}), (parameters.arrays(), {"a": [3, 4], "b": [[6]]})):
        assert {name: array.tolist() for name, array in found.items()} == wanted


def test_the_gradient_is_flat_in_the_order_of_the_parameters():
    parameters = Parameters({"a": np.array([2.0, 3.0], np.float32), "b": np.array([[5.0]], np.float32)})
    loss = (parameters.named["a"] * torch.tensor([1.0, 10.0])).sum() + parameters.named["b"].sum() ** 2
    torch.testing.assert_close(parameters.gradient(loss), torch.tensor([1.0, 10.0, 10.0]))


def test_adam():
    # gradient 2, then -1, betas .5 and .75: means 1, 0; squares 1, 1; corrected by 1 - .5^n and 1 - .75^n:
    # first step 2 / sqrt(4) = 1; second 0: the vector goes down by .1, then stays
    flat = torch.tensor([3.0])
    adam = Adam(flat, betas=(0.5, 0.75), epsilon=0.0)
    adam.step(torch.tensor([2.0]), 0.1)
    torch.testing.assert_close(flat, torch.tensor([2.9]))
    adam.step(torch.tensor([-1.0]), 0.1)
    torch.testing.assert_close(flat, torch.tensor([2.9]))
    # gradient 4: mean 2, square .75 + 16 / 4 = 4.75; 2 / (7/8) / sqrt(4.75 / (37/64))
    adam.step(torch.tensor([4.0]), 0.1)
    torch.testing.assert_close(flat, torch.tensor([2.9 - 0.1 * (16 / 7) / (4.75 * 64 / 37) ** 0.5]))


def test_adam_clips_the_norm_of_the_gradient():
    clipped, small = torch.zeros(2), torch.zeros(2)
    adam, reference = Adam(clipped, epsilon=1.0), Adam(small, epsilon=1.0)
    adam.step(torch.tensor([30.0, 40.0]), 0.1, max_norm=5.0)  # of norm 50
    reference.step(torch.tensor([3.0, 4.0]), 0.1)
    torch.testing.assert_close(clipped, small)


def test_adam_has_the_papers_betas_and_an_epsilon_of_a_hundred_thousandth() -> None:
    flat, mean, square, wanted = torch.zeros(1), 0.0, 0.0, 0.0
    adam = Adam(flat)
    for step, gradient in enumerate((1e-5, 4e-5, -1e-5), 1):  # so small that epsilon counts
        adam.step(torch.tensor([gradient]), 0.1)
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        wanted -= 0.1 * (mean / (1 - 0.9**step)) / ((square / (1 - 0.999**step)) ** 0.5 + 1e-5)
    torch.testing.assert_close(flat, torch.tensor([wanted]), rtol=1e-4, atol=0)


def test_adam_stays_where_there_is_no_gradient() -> None:
    flat = torch.tensor([3.0, 4.0])
    for most in (1.0, float("inf")):
        Adam(flat).step(torch.zeros(2), 0.1, max_norm=most)
        assert flat.tolist() == [3, 4]


def test_adam_goes_on_to_the_bit_from_its_state_which_is_a_copy() -> None:
    gradients = torch.tensor(generator(0, "test").standard_normal((4, 3), np.float32))
    first, second = Adam(torch.ones(3)), Adam(torch.full((3,), 7.0))
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


def test_the_fast_network_is_the_same_function_with_the_same_gradient() -> None:
    parameters = Parameters(mlp_arrays("net", (3, 8, 8, 2), generator(0, "test"), 1.0))
    x = torch.tensor(generator(1, "test").standard_normal((16, 3), np.float32))
    slow, fast = (network(parameters.named, "net", x) for network in (mlp, fast_mlp))
    torch.testing.assert_close(fast, slow)
    wanted, got = (parameters.gradient(output.square().sum()) for output in (slow, fast))
    torch.testing.assert_close(got, wanted)
