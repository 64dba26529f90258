"""The off-policy learner and its discriminator: what they say, and that a kill at any moment changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save, save_file

from tests.parts.examples import demonstration, rollout
from tutelage import Message
from tutelage.codec import pack_state, unpack_state
from tutelage.files import checkpoint
from tutelage.input.problems import Refusal
from tutelage.learning import gail
from tutelage.learning.acting import act
from tutelage.learning.draws import generator
from tutelage.learning.rollout import Spaces
from tutelage.messages import Demonstration, Enough, Metrics, RewardModel, Transition, Weights
from tutelage.nodes.discriminator import RewardDiscriminator
from tutelage.nodes.given_reward_learner import GivenRewardSACLearner
from tutelage.nodes.iq_learner import IQLearner
from tutelage.nodes.learner import PPOLearner
from tutelage.nodes.sac_learner import SACLearner

STEPS, ENVIRONMENTS = 128, 16  # two rollouts before anything is learned
SPACES = {"CartPole-v1": Spaces(4, 2, True), "Pendulum-v1": Spaces(3, 1, False)}
BOTH = pytest.mark.parametrize("env", list(SPACES))


def learner(folder: Path, env: str = "CartPole-v1", **told: Any) -> SACLearner:
    node = SACLearner(env, settings={"updates": 3, "hidden": 16}, **told)
    node.beside = folder / "checkpoints" / "learner"
    node.beside.parent.mkdir(parents=True, exist_ok=True)
    return node


def shown(env: str) -> Demonstration:
    one = demonstration(SPACES[env])
    return Demonstration(0, 0, one.observation, one.action, one.terminated, one.truncated, "somebody")


def transition(env: str, k: int) -> Transition:
    tensors = load(first(SACLearner(env)).tensors.tobytes())
    return Transition(k, STEPS - 1, *rollout(SPACES[env], tensors, k, STEPS, ENVIRONMENTS))


def first(node: SACLearner) -> Weights:
    said = next(node.start())
    assert isinstance(said, Weights)
    return said


def model(env: str, k: int) -> RewardModel:
    tensors = gail.Discriminator(SPACES[env], k).tensors()
    return RewardModel(k, STEPS, np.frombuffer(save(tensors), np.uint8))


def heard(env: str, begin: int, end: int) -> Iterator[Message]:
    """What the learner hears in some rollouts."""
    for k in range(begin, end):
        yield from (transition(env, k), model(env, k))


def said(node: SACLearner, messages: Iterator[Message]) -> list[Message]:
    return [answer for message in messages for answer in node.hear(message)]


def weights(messages: list[Message]) -> list[Weights]:
    return [message for message in messages if isinstance(message, Weights)]


def kept(node: SACLearner | RewardDiscriminator) -> Any:
    """Its state, as it comes back from a checkpoint."""
    return unpack_state(pack_state(node.state()))


@BOTH
def test_it_says_weights_for_each_rollout_and_learns_when_there_is_enough(tmp_path: Path, env: str) -> None:
    node = learner(tmp_path, env, lag=1, budget=4 * STEPS * ENVIRONMENTS)
    begun = list(node.start())
    list(node.hear(shown(env)))
    answers = said(node, heard(env, 0, 3))
    found = weights(begun + answers)
    assert [(one.rollout, one.policy_version) for one in found] == [(0, 0), (1, 0), (2, 1), (3, 2), (4, 3)]
    assert [(one.stop, one.final) for one in found] == [(False, False)] * 4 + [(True, False)]
    assert [one.environment_steps for one in found[2:]] == [2048, 4096, 6144]
    metrics = [one.values for one in answers if isinstance(one, Metrics)]
    assert ["train/critic_loss" in one for one in metrics] == [False, True, True]
    assert not node.done and [one.final for one in weights(said(node, heard(env, 3, 4)))] == [True] and node.done


def test_it_ends_early_where_somebody_asks(tmp_path: Path) -> None:
    node = learner(tmp_path, lag=0)
    list(node.hear(shown("CartPole-v1")))
    list(node.hear(Enough(0, 0, 500.0)))
    (last,) = weights(said(node, heard("CartPole-v1", 0, 1)))
    assert last.stop and last.final and node.done


@BOTH
def test_killed_in_the_midst_it_goes_on_to_the_bit(tmp_path: Path, env: str) -> None:
    undisturbed = learner(tmp_path / "quiet", env)
    list(undisturbed.hear(shown(env)))
    wanted = weights(said(undisturbed, heard(env, 0, 6)))

    node = learner(tmp_path, env)
    list(node.hear(shown(env)))
    said(node, heard(env, 0, 1))
    predecessor = kept(node)
    said(node, heard(env, 1, 3))
    list(node.hear(transition(env, 3)))  # the midst: steps without their reward
    newest = kept(node)
    said(node, iter([model(env, 3), *heard(env, 4, 5)]))
    node.state()  # appended, but the checkpoint that counts it was never saved

    for state, missing in ((newest, [model(env, 3), *heard(env, 4, 6)]), (predecessor, list(heard(env, 1, 6)))):
        again = learner(tmp_path, env)
        again.load(state)
        found = weights(said(again, iter(missing)))
        for ours, theirs in zip(reversed(found), reversed(wanted), strict=False):
            np.testing.assert_array_equal(ours.tensors, theirs.tensors)
        assert len(found) == (3 if state is newest else 5)
        kept(again)


@BOTH
def test_rows_are_appended_and_the_checkpoint_stays_small(tmp_path: Path, env: str) -> None:
    node, sizes = learner(tmp_path, env), []
    list(node.hear(shown(env)))
    for k in range(4):
        said(node, heard(env, k, k + 1))
        checkpoint.save(tmp_path / "learner.checkpoint", node.state())
        sizes.append((tmp_path / "learner.checkpoint").stat().st_size)
    width = 2 * SPACES[env].observation + SPACES[env].action + 2
    assert (tmp_path / "checkpoints" / "learner.replay").stat().st_size == 4 * 4 * STEPS * ENVIRONMENTS * width
    assert max(sizes) - min(sizes) < 200  # not a row of them


def test_a_small_replay_buffer_comes_back_too(tmp_path: Path) -> None:
    """More came in between two checkpoints than it holds."""
    node = learner(tmp_path, replay=4096)
    list(node.hear(shown("CartPole-v1")))
    said(node, heard("CartPole-v1", 0, 1))
    kept(node)
    said(node, heard("CartPole-v1", 1, 6))
    again = learner(tmp_path, replay=4096)
    again.load(kept(node))
    oldest = 6 * STEPS - 4096 // ENVIRONMENTS
    np.testing.assert_array_equal(again.algorithm.replay.ring.since(oldest), node.algorithm.replay.ring.since(oldest))
    for one in (node, again):
        said(one, heard("CartPole-v1", 6, 7))
    np.testing.assert_array_equal(first(again).tensors, first(node).tensors)


@pytest.mark.parametrize("harm", ["cut", "flipped", "gone"])
def test_damaged_rows_are_refused(tmp_path: Path, harm: str) -> None:
    node = learner(tmp_path)
    list(node.hear(shown("CartPole-v1")))
    said(node, heard("CartPole-v1", 0, 1))
    state, file = kept(node), tmp_path / "checkpoints" / "learner.replay"
    data = bytearray(file.read_bytes())
    data[100] ^= 1
    file.write_bytes(data if harm == "flipped" else data[:-1])
    if harm == "gone":
        file.unlink()
    with pytest.raises(Refusal, match=r"learner\.replay: this file is damaged: this run cannot go on"):
        learner(tmp_path).load(state)


@pytest.mark.parametrize("number", ["nan", "inf", "1e30"])
def test_a_reward_model_with_a_number_that_is_none_ends_the_run(tmp_path: Path, number: str) -> None:
    node = learner(tmp_path)
    list(node.hear(shown("CartPole-v1")))
    list(node.hear(transition("CartPole-v1", 0)))
    tensors = gail.Discriminator(SPACES["CartPole-v1"], 0).tensors()
    tensors["discriminator.1.bias"][3] = float(number)
    with pytest.raises(FloatingPointError, match=r"rollout 0, reward model: discriminator.1.bias\[3\] is "):
        list(node.hear(RewardModel(0, STEPS, np.frombuffer(save(tensors), np.uint8))))


def test_losses_that_are_none_end_the_run(tmp_path: Path) -> None:
    node = learner(tmp_path)
    list(node.hear(shown("CartPole-v1")))
    said(node, heard("CartPole-v1", 0, 2))
    node.algorithm.sac.critics.adam.flat[0] = float("nan")
    with pytest.raises(FloatingPointError, match="rollout 2: "):
        said(node, heard("CartPole-v1", 2, 3))


def discriminator(folder: Path, env: str) -> RewardDiscriminator:
    node = RewardDiscriminator(env, STEPS, settings={"memory": 1300, "steps": 2, "hidden": 16})
    node.beside = folder / "checkpoints" / "discriminator"
    node.beside.parent.mkdir(parents=True, exist_ok=True)
    return node


@BOTH
def test_the_discriminator_says_its_weights_and_goes_on_to_the_bit(tmp_path: Path, env: str) -> None:
    undisturbed, node = discriminator(tmp_path / "quiet", env), discriminator(tmp_path, env)
    wanted = [message for k in range(6) for message in _learned(undisturbed, env, k)]
    assert [type(message) for message in wanted] == [RewardModel, Metrics] * 6
    assert [(message.rollout, message.step) for message in wanted[::2]] == [(k, STEPS) for k in range(6)]
    states = []
    for k in range(4):
        list(_learned(node, env, k))
        states.append(kept(node))
    for k in (3, 2):  # the newest checkpoint, then its predecessor
        again = discriminator(tmp_path, env)
        again.load(states[k])
        found = [message for rollout in range(k + 1, 6) for message in _learned(again, env, rollout)]
        for ours, theirs in zip(found[::2], wanted[2 * k + 2 :: 2], strict=True):
            assert isinstance(ours, RewardModel) and isinstance(theirs, RewardModel)
            np.testing.assert_array_equal(ours.tensors, theirs.tensors)
        again.state()


@BOTH
@pytest.mark.parametrize("kind", [SACLearner, IQLearner, GivenRewardSACLearner])
def test_it_begins_as_a_copy_of_another_runs_policy(tmp_path: Path, env: str, kind: type[SACLearner]) -> None:
    """A policy of PPO, which is another network: it collects the first steps, then the actor acts as it does."""
    wanted = teacher(tmp_path / "run", env)
    node = kind(env, policy=str(tmp_path / "run"), settings={"updates": 1, "hidden": 64})
    node.beside = tmp_path / "learner"
    node.beside.parent.mkdir(parents=True, exist_ok=True)
    assert first(node).tensors.tobytes() == save(wanted)
    node.algorithm._add([], rollout(SPACES[env], wanted, 0, STEPS, ENVIRONMENTS), generator(0, "a"))
    assert first(node).tensors.tobytes() == save(wanted)
    node.algorithm._add([], rollout(SPACES[env], wanted, 1, STEPS, ENVIRONMENTS), generator(0, "b"))
    copy, observation = load(first(node).tensors.tobytes()), node.algorithm.replay.observations()
    (ours, _), (theirs, _) = act(copy, observation), act(wanted, observation)
    error = (ours != theirs).mean() if SPACES[env].discrete else np.abs(ours - np.clip(theirs, -1, 1)).mean()
    assert "actor.0.weight" in copy and error < 0.05


def teacher(folder: Path, env: str) -> dict[str, np.ndarray]:
    """A policy that decides by the observation, as PPO leaves it in a run's folder."""
    algorithm = PPOLearner(env, seed=1).algorithm
    tensors = algorithm.tensors()
    tensors["policy.2.weight"] *= 100
    folder.mkdir()
    save_file(tensors, folder / "weights.safetensors")
    return tensors


def test_a_policy_of_another_task_is_refused(tmp_path: Path) -> None:
    teacher(tmp_path / "run", "CartPole-v1")
    with pytest.raises(Refusal, match=": was learned from 4 numbers an observation, but Pendulum-v1 has 3"):
        SACLearner("Pendulum-v1", policy=str(tmp_path / "run"))


def _learned(node: RewardDiscriminator, env: str, k: int) -> Iterator[Message]:
    if not node.demonstrations:
        list(node.hear(shown(env)))
    return node.hear(transition(env, k))


@BOTH
def test_without_a_discriminator_it_goes_on_to_the_bit_too(tmp_path: Path, env: str) -> None:
    def made(folder: str) -> IQLearner:
        node = IQLearner(env, STEPS, settings={"updates": 3, "hidden": 16})
        node.beside = tmp_path / folder / "learner"
        node.beside.parent.mkdir(parents=True, exist_ok=True)
        return node

    quiet, node = made("quiet"), made("killed")
    wanted = weights(said(quiet, iter([shown(env), *(transition(env, k) for k in range(4))])))
    assert [one.policy_version for one in wanted] == [1, 2, 3, 4]
    said(node, iter([shown(env), *(transition(env, k) for k in range(3))]))
    again = made("killed")
    again.load(kept(node))
    (found,) = weights(said(again, iter([transition(env, 3)])))
    np.testing.assert_array_equal(found.tensors, wanted[-1].tensors)


def test_a_discriminator_without_absorbing_states_is_refused() -> None:
    with pytest.raises(Refusal, match="'absorbing' must be "):
        RewardDiscriminator("CartPole-v1", settings={"absorbing": False})
