"""The nodes of dagger.yaml: labels of a known operator, the mixture of policy and operator, and the clone of all labels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load

from tests.parts.examples import demonstration, rollout
from tutelage import Message
from tutelage.codec import pack_state, unpack_state
from tutelage.input.problems import Refusal
from tutelage.learning.bc import BC
from tutelage.learning.draws import generator
from tutelage.learning.rollout import Rollout, Spaces
from tutelage.messages import Action, Demonstration, Enough, Labels, Metrics, Observation, Transition, Weights
from tutelage.nodes.dagger_learner import DAggerLearner
from tutelage.nodes.labeller import Labeller
from tutelage.nodes.mixed_policy import MixedPolicy
from tutelage.nodes.policy import Policy
from tutelage.tasks.cart_pole import cart_pole
from tutelage.tasks.pendulum import pendulum

STEPS, ENVIRONMENTS = 8, 4
SPACES = {"CartPole-v1": Spaces(4, 2, True), "Pendulum-v1": Spaces(3, 1, False)}
BOTH = pytest.mark.parametrize("env", list(SPACES))


@cache
def first(env: str) -> Weights:
    said = next(iter(DAggerLearner(env).start()))
    assert isinstance(said, Weights)
    return said


@cache
def transition(env: str, k: int = 0) -> Transition:
    tensors = load(first(env).tensors.tobytes())
    return Transition(k, STEPS - 1, *rollout(SPACES[env], tensors, k, STEPS, ENVIRONMENTS))


def labels(env: str, k: int) -> Labels:
    (said,) = Labeller(env, STEPS).hear(transition(env, k))
    assert isinstance(said, Labels)
    return said


def shown(env: str) -> Demonstration:
    one = demonstration(SPACES[env])
    return Demonstration(0, 0, one.observation, one.action, one.terminated, one.truncated, "somebody")


def test_choices_are_labelled_as_the_operator_makes_them() -> None:
    steps, said = transition("CartPole-v1"), labels("CartPole-v1", 0)
    wanted = [[cart_pole(observation) for observation in row] for row in steps.observation]
    assert said.action.tolist() == wanted and said.action.dtype == np.int64
    np.testing.assert_array_equal(said.observation, steps.observation)
    assert 0 < said.action.mean() < 1 and (said.action != steps.action).any()
    assert (said.rollout, said.step) == (0, STEPS)


def test_continuous_labels_are_in_the_frame_of_the_bounds() -> None:
    said = labels("Pendulum-v1", 0)
    wanted = [[pendulum(observation) / 2 for observation in row] for row in said.observation]
    np.testing.assert_allclose(said.action, wanted, rtol=1e-6)
    assert said.action.shape == (STEPS, ENVIRONMENTS, 1) and said.action.dtype == np.float32


def test_a_rollout_in_parts_is_labelled_when_it_is_complete_also_after_a_kill() -> None:
    whole, node = transition("CartPole-v1"), Labeller("CartPole-v1", STEPS)
    arrays = [getattr(whole, name) for name in Rollout._fields]
    parts = [Transition(0, end - 1, *(array[end - 4 : end] for array in arrays)) for end in (4, 8)]
    assert not [*node.hear(parts[0])]
    again = Labeller("CartPole-v1", STEPS)
    again.load(unpack_state(pack_state(node.state())))
    (said,), wanted = again.hear(parts[1]), labels("CartPole-v1", 0)
    assert isinstance(said, Labels)
    np.testing.assert_array_equal(said.observation, wanted.observation)
    np.testing.assert_array_equal(said.action, wanted.action)


def test_an_operator_that_has_no_answer_ends_the_run() -> None:
    node = Labeller("Pendulum-v1", STEPS, operator="tests.parts.broken:operator")
    sentence = r"^operator: tests.parts.broken:operator answered array\(\[nan\]\), but must give an action"
    with pytest.raises(Refusal, match=sentence):
        [*node.hear(transition("Pendulum-v1"))]
    mixed = MixedPolicy("Pendulum-v1", operator="tests.parts.broken:operator")
    [*mixed.hear(first("Pendulum-v1"))]
    with pytest.raises(Refusal, match=sentence):
        [*mixed.hear(Observation(0, 3, np.array([[1, 0, 0], [-1, 0, 0]], np.float32)))]


def acted(node: Policy, env: str, version: int, copies: int = 1000) -> Action:
    """The answer to many observations by weights of a version."""
    weights = first(env)
    [*node.hear(Weights(version, 0, version, weights.tensors, 0, False, False))]
    observation = generator(0, "observed").standard_normal((copies, SPACES[env].observation), dtype=np.float32)
    (answer,) = node.hear(Observation(version, 5, observation))
    assert isinstance(answer, Action) and answer.policy_version == version
    return answer


@pytest.mark.parametrize(
    "beta, version, share", [(0, 0, 1), (0.5, 0, 1), (0, 1, 0), (1, 7, 1), (0.5, 1, 0.5), (0.5, 2, 0.25)]
)
@BOTH
def test_the_operator_acts_in_a_share_of_beta_to_the_power_of_the_version(
    env: str, beta: float, version: int, share: float
) -> None:
    answer, alone = (acted(node, env, version) for node in (MixedPolicy(env, beta=beta), Policy()))
    (operator,) = (acted(node, env, 0) for node in [MixedPolicy(env)])
    operated = answer.log_prob == 0
    assert operated.mean() == pytest.approx(share, abs=0.06)
    assert share in (0, 1) or not operated[0] == operated[1] == operated[2] == operated[3] == operated[4]
    np.testing.assert_array_equal(answer.action[operated], operator.action[operated])
    np.testing.assert_array_equal(answer.action[~operated], alone.action[~operated])
    np.testing.assert_array_equal(answer.log_prob[~operated], alone.log_prob[~operated])


def test_the_mixture_is_the_same_each_time() -> None:
    one, other = (acted(MixedPolicy("CartPole-v1", seed=3, beta=0.5), "CartPole-v1", 1) for _ in range(2))
    np.testing.assert_array_equal(one.action, other.action)
    np.testing.assert_array_equal(one.log_prob, other.log_prob)


def test_a_share_that_is_none_is_refused() -> None:
    with pytest.raises(Refusal, match=r"beta: is 1\.5, but must be a share from 0 to 1"):
        MixedPolicy("CartPole-v1", beta=1.5)


def test_a_loss_that_is_not_for_choices_is_refused() -> None:
    with pytest.raises(Refusal, match="settings: loss is squared_error, but the actions are discrete"):
        DAggerLearner("CartPole-v1", settings={"loss": "squared_error"})


def said(node: DAggerLearner, messages: Iterator[Message]) -> list[Message]:
    return [answer for message in messages for answer in node.hear(message)]


def weights(messages: list[Message]) -> list[Weights]:
    return [message for message in messages if isinstance(message, Weights)]


def learner(env: str, **told: Any) -> DAggerLearner:
    return DAggerLearner(env, epochs_each=2, settings={"minibatches": 4, "minibatch": 16}, **told)


@BOTH
def test_it_says_weights_after_each_rollout_up_to_the_budget_of_labels(env: str) -> None:
    node = learner(env, lag=1, budget=4 * STEPS * ENVIRONMENTS)
    begun = [*node.start()]
    answers = said(node, (labels(env, k) for k in range(4)))
    found = weights(begun + answers)
    assert [(one.rollout, one.policy_version) for one in found] == [(0, 0), (1, 0), (2, 1), (3, 2), (4, 3), (5, 4)]
    assert [(one.stop, one.final) for one in found[-3:]] == [(False, False), (True, False), (True, True)] and node.done
    metrics = [one.values for one in answers if isinstance(one, Metrics)]
    assert [one["dagger/labels"] for one in metrics] == [32, 64, 96, 128]
    assert [one["time/total_timesteps"] for one in metrics] == [32, 64, 96, 128]
    assert [one["bc/epoch"] for one in metrics] == [2, 4, 6, 8]


def test_it_ends_early_where_somebody_asks() -> None:
    node = learner("CartPole-v1")
    [*node.hear(Enough(0, 0, 500.0))]
    (last,) = weights(said(node, iter([labels("CartPole-v1", 0)])))
    assert last.stop and last.final and node.done


@BOTH
def test_it_clones_demonstrations_and_the_labels_of_all_rollouts(env: str) -> None:
    """Loss and weights are those of behaviour cloning on what was aggregated."""
    node = learner(env, seed=5, budget=10_000)
    answers = said(node, iter([shown(env), labels(env, 0), labels(env, 1)]))
    bc = BC(SPACES[env], 5, node.algorithm.settings)
    bc.add(shown(env))
    for k in range(2):
        given, draw = labels(env, k), generator(5, "learner", k)
        bc.label(given.observation.reshape(32, -1), given.action.reshape(32, *given.action.shape[2:]))
        epochs = [bc.epoch(draw, progress) for progress in (0, 0.5)]
    metrics = [one.values for one in answers if isinstance(one, Metrics)][-1]
    assert metrics["dagger/labels"] == 20 + 64
    assert {name: metrics[name] for name in epochs[-1]} == epochs[-1]
    found = load(weights(answers)[-1].tensors.tobytes())
    for name, array in bc.tensors().items():
        np.testing.assert_array_equal(found[name], array)


@BOTH
def test_killed_in_the_midst_it_goes_on_to_the_bit(env: str) -> None:
    wanted = weights(said(learner(env), iter([shown(env), *(labels(env, k) for k in range(3))])))
    node, again = learner(env), learner(env)
    said(node, iter([shown(env), labels(env, 0), labels(env, 1)]))
    again.load(unpack_state(pack_state(node.state())))
    (found,) = weights(said(again, iter([labels(env, 2)])))
    np.testing.assert_array_equal(found.tensors, wanted[-1].tensors)


@pytest.mark.parametrize("harm", ["labels", "weights"])
def test_numbers_that_are_none_end_the_run(harm: str) -> None:
    node, given = learner("Pendulum-v1"), labels("Pendulum-v1", 0)
    if harm == "labels":
        given.action[2, 1] = np.nan
    else:
        node.algorithm.adam.flat[0] = float("nan")
    with pytest.raises(FloatingPointError, match="rollout 0: "):
        said(node, iter([given]))
