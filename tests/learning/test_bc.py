import math
from typing import Any

import numpy as np
import pytest
import torch

from tests.parts.examples import CONTINUOUS, DISCRETE
from tutelage.learning.acting import act
from tutelage.learning.bc import BC, Metrics, Settings, negative_log_likelihood, squared_error
from tutelage.learning.draws import generator
from tutelage.learning.rollout import Demonstration, Spaces


def test_negative_log_likelihood():
    # probabilities 1/2 and 1/8: (log 2 + log 8) / 2 = 2 log 2
    loss = negative_log_likelihood(torch.tensor([0.5, 0.125]).log())
    torch.testing.assert_close(loss, torch.tensor(2 * math.log(2)))


def test_squared_error():
    # distances (1, 2) and (0, 3): (1 + 4 + 9) / 2
    assert squared_error(torch.tensor([[1.0, 2.0], [5.0, 0.0]]), torch.tensor([[0.0, 0.0], [5.0, 3.0]])) == 7


def expert(spaces: Spaces, i: int = 0, steps: int = 60) -> Demonstration:
    """One whose action depends on the first number of the observation."""
    observation = generator(0, "expert", i).standard_normal((steps + 1, spaces.observation), dtype=np.float32) * 5 + 7
    low = observation[:-1, 0] < 7
    action = low.astype(np.int64) if spaces.discrete else np.where(low[:, None], [[0.5, -0.25]], [[-0.5, 0.75]])
    return Demonstration(observation, action if spaces.discrete else action.astype(np.float32), False, True)


def trained(spaces: Spaces, demonstrations: int = 3, epochs: int = 30, **settings: Any) -> tuple[BC, list[Metrics]]:
    bc = BC(spaces, 0, Settings(**settings))
    for i in range(demonstrations):
        bc.add(expert(spaces, i))
    return bc, [run(bc, e / epochs) for e in range(epochs)]


def run(bc: BC, progress: float = 0.0) -> Metrics:
    return bc.epoch(generator(0, "cloner", bc.epochs), progress)


KINDS = [(DISCRETE, "likelihood"), (CONTINUOUS, "likelihood"), (CONTINUOUS, "squared_error")]


@pytest.mark.parametrize("spaces, loss", KINDS)
def test_the_expert_is_imitated_on_what_was_not_shown(spaces, loss):
    bc, metrics = trained(spaces, loss=loss)
    fresh = expert(spaces, 100, steps=400)
    wrong = np.abs(act(bc.tensors(), fresh.observation[:-1])[0] - fresh.action)
    assert np.mean(wrong) < 0.1
    assert metrics[-1]["bc/loss"] < metrics[0]["bc/loss"]
    assert metrics[-1]["bc/epoch"] == 30
    assert ("bc/accuracy" in metrics[-1]) == spaces.discrete


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
    bc, _ = trained(DISCRETE, epochs=5)
    best = bc.tensors()
    bc.best_loss = -1.0  # nothing is better any more
    run(bc)
    for name, array in bc.tensors().items():
        np.testing.assert_array_equal(array, best[name])


def test_a_new_demonstration_begins_the_search_for_the_best_anew():
    bc, _ = trained(DISCRETE, epochs=5)
    bc.best_loss = -1.0
    bc.add(expert(DISCRETE, 50))
    run(bc)
    assert bc.stale == 0 and bc.best_loss > 0


def test_every_pair_is_used_as_often_as_any_other():
    bc = BC(DISCRETE, 0, Settings(minibatch=10, minibatches=6))
    few = torch.cat(bc._minibatches(generator(0, "rows"), torch.zeros(20)))
    many = torch.cat(bc._minibatches(generator(0, "rows"), torch.zeros(90)))
    assert few.bincount().tolist() == [3] * 20 and many.bincount().tolist() == [1] * 90


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
    with pytest.raises(ValueError, match="squared_error"):
        BC(Spaces(3, 2, True), 0, Settings(loss="squared_error"))
