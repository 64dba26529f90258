import math
from typing import Any

import numpy as np
import pytest
import torch

from tests.parts.autograd import gradient_of, mlp, tensors
from tests.parts.examples import CONTINUOUS, DISCRETE
from tutelage.learning.bc import BC, Settings, negative_log_likelihood, squared_error
from tutelage.learning.draws import generator
from tutelage.learning.rollout import Demonstration, Spaces


def test_negative_log_likelihood():
    # probabilities 1/2 and 1/8: (log 2 + log 8) / 2 = 2 log 2
    loss, _ = negative_log_likelihood(np.log([0.5, 0.125]))
    assert loss == pytest.approx(2 * math.log(2))


def test_squared_error():
    # distances (1, 2) and (0, 3): (1 + 4 + 9) / 2
    assert squared_error(np.array([[1.0, 2.0], [5.0, 0.0]]), np.array([[0.0, 0.0], [5.0, 3.0]]))[0] == 7


def expert(spaces: Spaces, i: int = 0, steps: int = 60) -> Demonstration:
    """One whose action depends on the first number of the observation."""
    observation = generator(0, "expert", i).standard_normal((steps + 1, spaces.observation), dtype=np.float32) * 5 + 7
    low = observation[:-1, 0] < 7
    action = low.astype(np.int64) if spaces.discrete else np.where(low[:, None], [[0.5, -0.25]], [[-0.5, 0.75]])
    return Demonstration(observation, action if spaces.discrete else action.astype(np.float32), False, True)


def trained(
    spaces: Spaces, demonstrations: int = 3, epochs: int = 30, **settings: Any
) -> tuple[BC, list[dict[str, float]]]:
    bc = BC(spaces, 0, Settings(**settings))
    for i in range(demonstrations):
        bc.add(expert(spaces, i))
    return bc, [run(bc, e / epochs) for e in range(epochs)]


def run(bc: BC, progress: float = 0.0) -> dict[str, float]:
    return bc.epoch(generator(0, "cloner", bc.epochs), progress)


KINDS = [(DISCRETE, "likelihood"), (CONTINUOUS, "likelihood"), (CONTINUOUS, "squared_error")]


def moved(bc: BC) -> BC:
    """With weights that are no longer near zero."""
    bc.parameters.flat += 0.3 * generator(0, "test").standard_normal(len(bc.parameters.flat), np.float32)
    return bc


@pytest.mark.parametrize("spaces, loss", KINDS)
def test_a_step_goes_along_the_gradient_of_its_loss(spaces: Spaces, loss: Any) -> None:
    bc, shown, taken = moved(BC(spaces, 0, Settings(loss=loss))), expert(spaces), list[Any]()
    bc.adam.step = lambda *step: taken.append((torch.tensor(step[0]), *step[1:]))  # type: ignore[method-assign]
    observation, action = torch.tensor(shown.observation[:-1]), torch.tensor(shown.action)
    named = tensors(bc.parameters)
    output = mlp(named, "policy", observation)
    if spaces.discrete:
        wanted = torch.nn.functional.cross_entropy(output, action)
    elif loss == "squared_error":
        wanted = (output - action).norm(dim=1).square().mean()
    else:
        wanted = -torch.distributions.Normal(output, named["policy.log_std"].exp()).log_prob(action).sum(dim=1).mean()
    assert bc._step(shown.observation[:-1], shown.action, 0.125) == pytest.approx(wanted.item(), rel=1e-4)
    ((gradient, rate),) = taken
    torch.testing.assert_close(gradient, gradient_of(wanted, named), rtol=1e-3, atol=1e-5)
    assert rate == 0.125 and ("policy.log_std" in named) == (loss == "likelihood" and not spaces.discrete)


class Masked(BC):
    """Holds out the pairs that it is told to."""

    mask: Any

    def _held_out(self) -> np.ndarray:
        return np.array(self.mask)


def three_in_four(**settings: Any) -> Masked:
    """Whatever it sees, choice 1 is likely by 3/4; it has seen four pairs."""
    bc = Masked(DISCRETE, 0, Settings(**settings))
    bc.parameters.flat[:] = 0
    bc.parameters.named["policy.2.bias"][:] = [0, math.log(3)]
    bc.add(expert(DISCRETE, steps=4)._replace(action=np.array([1, 0, 1, 1])))
    return bc


@pytest.mark.parametrize(
    "mask, held_out, accuracy, shown",
    [
        ([False, True, True, False], (math.log(4) + math.log(4 / 3)) / 2, 0.5, math.log(4 / 3)),
        ([False] * 4, (math.log(4) + 3 * math.log(4 / 3)) / 4, 0.75, (math.log(4) + 3 * math.log(4 / 3)) / 4),
    ],
)
def test_an_epoch_says_how_well_it_predicts(mask: Any, held_out: float, accuracy: float, shown: float) -> None:
    bc = three_in_four(minibatch=4, minibatches=1)
    bc.mask = mask
    for number in (1.0, 2.0):  # the second is as good as the first, not better
        metrics = bc.epoch(generator(0, "cloner"), progress=1.0)
        wanted = {"bc/epoch": number, "bc/loss": shown, "bc/loss_held_out": held_out, "bc/accuracy": accuracy}
        assert metrics == pytest.approx(wanted, rel=1e-5)
    assert bc.stale == 1 and bc.best_loss == pytest.approx(held_out)


def test_the_learning_rate_falls_with_progress() -> None:
    bc, rates = three_in_four(learning_rate=2.0, minibatches=1), list[float]()
    bc.mask = [False] * 4
    bc.adam.step = lambda *step: rates.append(step[1])  # type: ignore[method-assign]
    for progress in (0.0, 0.75):
        bc.epoch(generator(0, "cloner"), progress)
    bc.epoch(generator(0, "cloner"))
    assert rates == [2.0, 0.5, 2.0]


def test_the_network_sees_normalised_observations() -> None:
    bc = BC(DISCRETE, 0)
    shown = expert(DISCRETE, steps=4)
    bc.add(shown)
    observation, action = bc._pairs(np.array([True, False, False, True]))
    all_of_them = shown.observation[:-1]
    wanted = (all_of_them - all_of_them.mean(axis=0)) / all_of_them.std(axis=0)
    np.testing.assert_allclose(observation, wanted[[0, 3]], rtol=1e-4, atol=1e-6)
    assert action.tolist() == shown.action[[0, 3]].tolist()


def test_what_is_removed_is_forgotten() -> None:
    bc, _ = trained(DISCRETE, demonstrations=3, epochs=2)
    bc.remove(slice(0, 2))
    alone = BC(DISCRETE, 0)
    alone.add(expert(DISCRETE, 2))
    assert len(bc.demonstrations) == 1 and bc.stale == 0 and bc.best_loss == math.inf
    for name, array in alone.normaliser.state().items():
        np.testing.assert_array_equal(bc.normaliser.state()[name], array)


@pytest.mark.parametrize("spaces", [DISCRETE, CONTINUOUS])
def test_labelled_observations_are_pairs_like_those_that_were_shown(spaces: Spaces) -> None:
    bc, shown, other = BC(spaces, 0), expert(spaces, 0), expert(spaces, 1)
    bc.add(shown)
    bc.label(other.observation[:-1], other.action)
    observation, action = bc._pairs(np.ones(120, bool))
    both = np.concatenate([shown.observation[:-1], other.observation[:-1]])
    np.testing.assert_allclose(observation, (both - both.mean(axis=0)) / both.std(axis=0), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(action, np.concatenate([shown.action, other.action]))
    assert bc.pairs == 120
    bc.remove(slice(0, 1))
    assert bc.pairs == 60
    np.testing.assert_allclose(bc.normaliser.mean, other.observation[:-1].mean(axis=0), rtol=1e-5)


def test_labels_are_held_out_by_pairs_however_many_batches_there_are() -> None:
    bc, _ = trained(DISCRETE, demonstrations=10, epochs=0, held_out=0.5)
    bc.label(expert(DISCRETE, 10).observation[:-1], expert(DISCRETE, 10).action)
    mask = bc._held_out().reshape(-1, 60)
    assert 0.3 < mask.mean() < 0.7 and not (mask == mask[:, :1]).all()


def test_a_new_label_begins_the_search_for_the_best_anew() -> None:
    bc, _ = trained(DISCRETE, epochs=2)
    bc.label(expert(DISCRETE, 50).observation[:-1], expert(DISCRETE, 50).action)
    assert bc.stale == 0 and bc.best_loss == math.inf


@pytest.mark.parametrize("error, deviation", [(0.08, 0.2), (math.inf, 1.0), (2.0, 1.0), (4.0, 1.0), (0.0, 1e-6)])
def test_the_deviation_of_squared_error_is_the_held_out_one(error: float, deviation: float) -> None:
    bc = BC(CONTINUOUS, 0, Settings(loss="squared_error"))
    bc.best_loss = error
    np.testing.assert_allclose(bc.tensors()["policy.log_std"], [math.log(deviation)] * 2, rtol=1e-6)
    assert "policy.log_std" in BC(CONTINUOUS, 0).tensors() and "policy.log_std" not in BC(DISCRETE, 0).tensors()


def test_the_first_policy_tells_nothing_apart() -> None:
    bc = BC(CONTINUOUS, 0)
    weight = bc.tensors()["policy.2.weight"]
    np.testing.assert_allclose(weight @ weight.T, 1e-4 * np.eye(2), atol=1e-8)
    np.testing.assert_array_equal(bc.tensors()["policy.log_std"], [0, 0])
    assert bc.tensors()["policy.1.weight"].shape == (64, 64) and bc.stale == 0


@pytest.mark.parametrize("spaces, loss", KINDS)
def test_state_and_load_in_the_middle_change_no_bit(spaces, loss):
    straight, _ = trained(spaces, epochs=3, loss=loss)
    first, _ = trained(spaces, epochs=3, loss=loss)
    second, _ = trained(spaces, demonstrations=1, epochs=1, loss=loss)
    second.load(first.state())
    for name, array in first.tensors().items():
        np.testing.assert_array_equal(second.tensors()[name], array)
    run(first)  # must not reach into what was saved
    for bc in (straight, second):
        bc.add(expert(spaces, 50))
        run(bc, 0.5)
    assert second.best_loss == straight.best_loss and second.stale == straight.stale
    for kind in ("adam", "normaliser", "best"):
        for name, array in straight.state()[kind].items():
            np.testing.assert_array_equal(second.state()[kind][name], array)


def test_the_loss_is_that_of_the_pairs_shown():
    """Before it has learned anything it finds two choices alike: log 2."""
    bc, _ = trained(DISCRETE, epochs=0)
    assert run(bc, progress=1.0)["bc/loss"] == pytest.approx(math.log(2), abs=0.01)


def test_whole_demonstrations_are_held_out_where_there_are_enough():
    few, _ = trained(DISCRETE, demonstrations=9, epochs=0, held_out=0.5)
    many, _ = trained(DISCRETE, demonstrations=10, epochs=0, held_out=0.5)
    for bc, whole in ((few, False), (many, True)):
        mask = bc._held_out().reshape(-1, 60)
        assert 0.3 < mask.mean() < 0.7
        assert (mask == mask[:, :1]).all() == whole


def test_what_is_held_out_stays_so_when_more_is_shown():
    bc, _ = trained(DISCRETE, demonstrations=2, epochs=0)
    before = bc._held_out()
    bc.add(expert(DISCRETE, 2))
    np.testing.assert_array_equal(bc._held_out()[: len(before)], before)


def test_nothing_is_learned_from_what_is_held_out():
    """The held-out labels contradict the others: their loss rises, and the first weights stay the best."""
    bc, _ = trained(DISCRETE, demonstrations=1, epochs=0, held_out=0.5)
    shown, mask = bc.demonstrations[0], bc._held_out()
    bc.demonstrations[:] = [shown._replace(action=np.where(mask, 1 - shown.action, shown.action))]
    metrics = [run(bc) for _ in range(10)]
    assert metrics[-1]["bc/loss_held_out"] > 1 > 0.4 > metrics[-1]["bc/loss"]
    assert bc.best_loss == metrics[0]["bc/loss_held_out"] and bc.stale == 9


def test_the_weights_are_those_that_predicted_the_held_out_pairs_best():
    bc, _ = trained(DISCRETE, epochs=1)
    best = bc.parameters.arrays()
    bc.best_loss = -1.0  # nothing is better any more
    run(bc)
    for name, array in best.items():
        np.testing.assert_array_equal(bc.tensors()[name], array)
        assert (bc.parameters.arrays()[name] != array).any()


def test_a_new_demonstration_begins_the_search_for_the_best_anew():
    bc, _ = trained(DISCRETE, epochs=5)
    bc.best_loss = -1.0
    bc.add(expert(DISCRETE, 50))
    run(bc)
    assert bc.stale == 0 and bc.best_loss > 0


def test_every_pair_is_used_as_often_as_any_other():
    bc = BC(DISCRETE, 0, Settings(minibatch=10, minibatches=6))
    few = np.concatenate(bc._minibatches(generator(0, "rows"), np.zeros(20)))
    many = np.concatenate(bc._minibatches(generator(0, "rows"), np.zeros(90)))
    assert np.bincount(few).tolist() == [3] * 20 and np.bincount(many).tolist() == [1] * 90


@pytest.mark.parametrize("held_out", [0.0, 0.1, 1.0])
def test_very_little_can_be_learned_from_too(held_out):
    bc = BC(DISCRETE, 0, Settings(held_out=held_out))
    bc.add(expert(DISCRETE, steps=1))
    assert math.isfinite(run(bc)["bc/loss_held_out"])


def test_squared_error_says_how_far_off_it_is():
    """Held-out actions differ from zero by 0.2 in both numbers, and nothing can be learned of the sign."""
    bc = BC(CONTINUOUS, 0, Settings(loss="squared_error"))
    shown = expert(CONTINUOUS, steps=4000)
    signs = generator(0, "signs").choice([-0.2, 0.2], (4000, 2)).astype(np.float32)
    bc.add(shown._replace(action=signs))
    run(bc, progress=0.9)
    np.testing.assert_allclose(np.exp(bc.tensors()["policy.log_std"]), 0.2, rtol=0.1)


def test_squared_error_is_refused_for_choices():
    sentence = "^loss is squared_error, but the actions are discrete: likelihood is for both kinds$"
    with pytest.raises(ValueError, match=sentence):
        BC(Spaces(3, 2, True), 0, Settings(loss="squared_error"))
