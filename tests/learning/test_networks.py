import numpy as np
import torch

from learning.adam import Adam
from learning.draws import generator
from learning.networks import Parameters, mlp, mlp_arrays, orthogonal


def test_orthogonal_rows_or_columns_times_gain():
    for rows, columns in ((5, 3), (3, 5)):
        matrix = orthogonal(generator(0, "test"), rows, columns, gain=2.0)
        product = matrix.T @ matrix if rows > columns else matrix @ matrix.T
        np.testing.assert_allclose(product, 4 * np.eye(3), atol=1e-5)


def test_the_flat_vector_and_the_named_tensors_are_the_same_numbers():
    parameters = Parameters(mlp_arrays("net", (2, 3, 3, 1), generator(0, "test"), output_gain=1.0))
    with torch.no_grad():
        parameters.flat.fill_(0.5)
    # tanh(.5 + .5*1 + .5*1) = tanh 1.5 three times; tanh(.5 + 3 * .5 * tanh 1.5) three times
    first = np.tanh(1.5)
    expected = 0.5 + 1.5 * np.tanh(0.5 + 1.5 * first)
    np.testing.assert_allclose(mlp(parameters.named, "net", torch.ones(1, 2)).item(), expected, rtol=1e-6)


def test_the_gradient_is_flat_in_the_order_of_the_parameters():
    parameters = Parameters({"a": np.array([2.0, 3.0], np.float32), "b": np.array([[5.0]], np.float32)})
    loss = (parameters.named["a"] * torch.tensor([1.0, 10.0])).sum() + parameters.named["b"].sum() ** 2
    torch.testing.assert_close(parameters.gradient(loss), torch.tensor([1.0, 10.0, 10.0]))


def test_adam_is_torchs_own():
    draw = generator(0, "test")
    start, gradients = (torch.tensor(draw.standard_normal(shape)) for shape in (7, (20, 7)))
    ours, theirs = start.clone(), start.clone().requires_grad_()
    adam, reference = Adam(ours, epsilon=1e-8), torch.optim.Adam([theirs], lr=0.01, eps=1e-8)
    for gradient in gradients:
        adam.step(gradient, 0.01, max_norm=1.0)
        theirs.grad = gradient.clone()
        torch.nn.utils.clip_grad_norm_([theirs], 1.0)
        reference.step()
    torch.testing.assert_close(ours, theirs.detach(), rtol=1e-9, atol=1e-9)
