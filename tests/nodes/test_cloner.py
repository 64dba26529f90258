"""The cloner as a node, and bc.yaml as a run: the same weights however its processes are killed."""

import os
import signal
from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from safetensors.numpy import load

from tests.parts.run_cli import Run, finished
from tutelage.input.problems import Refusal
from tutelage.learning.acting import act
from tutelage.messages import Demonstration, Metrics, Weights
from tutelage.nodes.cloner import Cloner
from tutelage.turns import play

FEW = ("demonstrations_count:=3", "epochs:=12", "episodes:=2")


def demonstrations(count: int = 3) -> Iterator[Demonstration]:
    """Of an expert that pushes CartPole where it leans."""
    draw = np.random.default_rng(0)
    for _ in range(count):
        observation = draw.standard_normal((201, 4)).astype(np.float32)
        yield Demonstration(0, 0, observation, (observation[:-1, 2] > 0).astype(np.int64), True, False, "test")


def weights(node: Cloner, shown: Iterable[Demonstration]) -> list[Weights]:
    return [message for message in play(node, shown) if isinstance(message, Weights)]


def test_it_says_weights_after_each_demonstration_and_each_epoch_after_the_last():
    said = weights(Cloner("CartPole-v1", epochs=4, epochs_each=2), demonstrations())
    assert [w.rollout for w in said] == [w.policy_version for w in said] == [2, 4, 6, 7, 8, 9, 10]
    assert [w.final for w in said] == [w.stop for w in said] == [False] * 6 + [True]
    assert {w.environment_steps for w in said} == {0}


def test_what_it_says_last_imitates():
    said = weights(Cloner("CartPole-v1", epochs=20), demonstrations())
    observation = next(demonstrations(1)).observation
    action, _ = act(load(said[-1].tensors.tobytes()), observation)
    assert (action == (observation[:, 2] > 0)).mean() > 0.95


def test_the_learning_rate_falls_over_the_epochs_that_there_are():
    few, many = (weights(Cloner("CartPole-v1", epochs=epochs), demonstrations()) for epochs in (2, 4))
    assert [np.array_equal(a.tensors, b.tensors) for a, b in zip(few, many, strict=False)] == [True] * 4 + [False]


def test_it_measures_itself():
    measured = [m.values for m in play(Cloner("CartPole-v1", epochs=2), demonstrations()) if isinstance(m, Metrics)]
    assert measured[-1].keys() == {"bc/loss", "bc/loss_held_out", "bc/accuracy", "bc/epoch"}
    assert [m["bc/epoch"] for m in measured] == [3, 6, 9, 10, 11]


def test_it_stops_early_when_held_out_pairs_are_not_predicted_better():
    node = Cloner("CartPole-v1", epochs=1000, patience=3, settings={"learning_rate": 0.1})
    said = weights(node, demonstrations())
    assert said[-1].final and node.finishing < 1000 and node.bc.stale == 3


def test_without_demonstrations_it_says_what_is_missing():
    with pytest.raises(Refusal, match="has no demonstrations"):
        weights(Cloner("CartPole-v1"), [])


def test_an_interrupt_ends_it_with_the_next_epoch():
    node = Cloner("CartPole-v1", epochs=1000)
    first, *_ = demonstrations()
    before = [*node.hear(first)]
    node.interrupt()
    after = [message for message in node.finish() if isinstance(message, Weights)]
    assert node.done and len(before) == 2
    assert [w.final for w in after] == [True]


def test_an_interrupt_before_any_demonstration_ends_it_without_weights():
    node = Cloner("CartPole-v1")
    node.interrupt()
    assert not [*node.finish()]


@pytest.mark.parametrize("after", [1, 2, 7])
def test_state_and_load_at_any_message_change_nothing(after):
    """A node that comes back in the midst of teaching, or of finishing, ends in the same weights."""
    shown = [*demonstrations()]
    node, came_back = Cloner("CartPole-v1", epochs=8), Cloner("CartPole-v1", epochs=8)
    for demonstration in shown[:after]:
        _ = [*node.hear(demonstration)]
    finishing = node.finish()
    for _ in range(max(0, 2 * (after - 3))):
        next(finishing)
    came_back.load(node.state())
    for demonstration in shown[after:]:
        _ = [*came_back.hear(demonstration)]
    last = [message for message in came_back.finish() if isinstance(message, Weights)][-1]
    expected = weights(Cloner("CartPole-v1", epochs=8), shown)[-1]
    assert last.rollout == expected.rollout and last.final
    np.testing.assert_array_equal(last.tensors, expected.tensors)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("quiet"), "bc.yaml", *FEW)


def test_it_trains_when_all_have_been_shown_and_before_that_only_for_a_live_operator(undisturbed):
    rows = undisturbed.rows
    assert [row["bc/epoch"] for row in rows if "bc/epoch" in row] == list(range(1, 13))


def test_the_report_says_what_was_learned(undisturbed):
    report = undisturbed.report
    assert report["environment_steps"] == 0 and report["demonstrations"] == 3
    assert report["expert_return_mean"] == 500 and report["return_mean"] > 100


def test_two_runs_and_one_process_end_in_the_same_digest(tmp_path, undisturbed):
    again = finished(tmp_path / "again", "bc.yaml", *FEW)
    together = finished(tmp_path, "bc.yaml", *FEW, "--one-process")
    assert again.digest == together.digest == undisturbed.digest


@pytest.mark.slow
def test_the_seed_matters(tmp_path, undisturbed):
    assert finished(tmp_path, "bc.yaml", *FEW, "seed:=1").digest != undisturbed.digest


@pytest.mark.slow
def test_a_killed_cloner_comes_back_where_it_was(tmp_path, undisturbed):
    run = Run(tmp_path, "bc.yaml", *FEW)
    run.until_learning(rows=3)
    os.kill(run.nodes()["cloner"], signal.SIGKILL)
    assert run.wait().digest == undisturbed.digest
    assert run.report["node_restarts"] == {"cloner": 1}
