"""From which rollout a kept take counts, and how one that is taken back is unlearnt."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from tests.parts.episodes import driven
from tests.parts.run_cli import cli
from tutelage import Message, Node, play
from tutelage.input.problems import Refusal
from tutelage.message import Promise
from tutelage.messages import Closing, Demonstration, Score, Take, Transition, Weights, Withdrawal
from tutelage.nodes.admission import Admission, AdmissionByRollout
from tutelage.nodes.cloner import Cloner
from tutelage.nodes.discriminator import Discriminator
from tutelage.teaching.formats import npz
from tutelage.teaching.formats.trajectory import Demonstrations


def take(number: int, verdict: Literal["kept", "discarded"] = "kept") -> Take:
    draw = np.random.default_rng(number)
    return Take(
        number, 0, number, verdict, draw.standard_normal((4, 4)).astype(np.float32), np.array([0, 1, 0]),
        np.full(3, number, np.float32), True, False, np.arange(4), np.arange(3), "ann", "keyboard", 5,
    )  # fmt: skip


def weights(rollout: int, stop: bool = False) -> Weights:
    return Weights(rollout, 0, rollout, np.zeros(1, np.uint8), 0, stop, stop)


def said(node: Node, *heard: Message) -> list[tuple[Any, ...]]:
    """What a node says to some messages, in short."""
    short: list[tuple[Any, ...]] = []
    for message in heard:
        for one in node.hear(message) or ():
            if isinstance(one, Demonstration | Promise):
                short.append((type(one).__name__[0], one.rollout))
            elif isinstance(one, Withdrawal):
                short.append(("W", one.rollout, one.demonstrations))
    return short


def test_without_rollouts_each_is_its_own_number() -> None:
    node = Admission()
    assert said(node, take(0), take(1, "discarded"), take(2)) == [("D", 0), ("P", 1), ("D", 1), ("P", 2)]
    assert said(node, take(2, "discarded")) == [("W", 2, 1), ("P", 3)]
    assert not node.done
    said(node, Closing(0, 0, 3, 1))
    assert node.done


def test_of_each_take_every_nth_pair_is_shown() -> None:
    whole, thin = take(0), next(iter(Admission(subsample=2).hear(take(0))))
    assert isinstance(thin, Demonstration) and len(thin.action) in (1, 2)
    first = 2 - len(thin.action)
    np.testing.assert_array_equal(thin.action, whole.action[first::2])
    np.testing.assert_array_equal(thin.observation, whole.observation[[*range(first, 3, 2), -1]])


def test_learning_waits_for_the_first_demonstration() -> None:
    node = AdmissionByRollout(rollouts_each=8)
    assert said(node, weights(0), weights(1), take(0, "discarded")) == []
    assert said(node, take(1)) == [("D", 0), ("P", 2)]
    assert said(node, weights(2)) == [("P", 3)]


def test_a_take_counts_from_the_rollout_that_is_asked_for_next() -> None:
    node = AdmissionByRollout(rollouts_each=8)
    said(node, weights(0), take(0))
    assert said(node, take(1), take(2)) == []  # rollout 0 is under way
    assert said(node, weights(1)) == [("D", 1), ("D", 1), ("P", 2)]


def test_after_some_rollouts_learning_waits_for_another_demonstration_or_the_end() -> None:
    node = AdmissionByRollout(rollouts_each=2)
    assert said(node, take(0), weights(0), weights(1), weights(2)) == [("D", 0), ("P", 1), ("P", 2)]
    assert said(node, take(1), weights(3), weights(4)) == [("D", 2), ("P", 3), ("P", 4)]
    assert said(node, Closing(0, 0, 2, 2)) == [("P", 5)]
    assert said(node, *map(weights, range(5, 9))) == [("P", 6), ("P", 7), ("P", 8), ("P", 9)]
    assert not node.done
    said(node, weights(9, stop=True))
    assert node.done


def test_what_is_taken_back_before_it_was_admitted_is_never_said() -> None:
    node = AdmissionByRollout()
    said(node, weights(0), take(0))
    assert said(node, take(1), take(1, "discarded"), weights(1)) == [("P", 2)]


def test_learning_waits_too_when_the_only_demonstration_is_taken_back() -> None:
    node = AdmissionByRollout()
    said(node, weights(0), take(0), weights(1))
    assert said(node, take(0, "discarded"), weights(2), weights(3)) == []
    assert said(node, take(1)) == [("W", 2, 1), ("D", 2), ("P", 4)]


def test_an_operator_who_has_kept_nothing_ends_it_loudly() -> None:
    node = AdmissionByRollout()
    with pytest.raises(Refusal, match="kept nothing"):
        said(node, weights(0), Closing(0, 0, 0, 0))


def test_an_admission_that_was_killed_comes_back_where_it_was() -> None:
    heard = [
        weights(0),
        take(0),
        take(1),
        weights(1),
        take(1, "discarded"),
        weights(2),
        take(2),
        weights(3),
        Closing(0, 0, 3, 2),
    ]
    whole, cut, found = AdmissionByRollout(1), AdmissionByRollout(1), []
    for message in heard:
        found += said(cut, message)
        state, cut = cut.state(), AdmissionByRollout(1)
        cut.load(state)
    assert found == said(whole, *heard) != []


def demonstration(rollout: int, number: int) -> Demonstration:
    one = take(number)
    return Demonstration(rollout, 0, one.observation, one.action, True, False, "ann")


def transition(rollout: int) -> Transition:
    draw = np.random.default_rng(100 + rollout)
    observation, following = (draw.standard_normal((4, 2, 4)).astype(np.float32) for _ in range(2))
    ends = np.zeros((4, 2), bool)
    return Transition(
        rollout, 3, observation, np.ones((4, 2), np.int64), following, np.zeros((4, 2), np.float32), ends, ends
    )


def scores(*shown: Message, rollouts: int = 2) -> list[np.ndarray]:
    node = Discriminator("CartPole-v1", rollout_steps=4)
    heard = [*shown, *map(transition, range(rollouts))]
    return [one.reward for one in play(node, heard) if isinstance(one, Score)]


def test_the_discriminator_forgets_what_is_taken_back() -> None:
    node = Discriminator("CartPole-v1", rollout_steps=4)
    heard = [
        demonstration(0, 0),
        demonstration(0, 1),
        demonstration(1, 2),
        Withdrawal(1, 0, 1),
        *map(transition, range(2)),
    ]
    list(play(node, heard))
    assert [example.observation[0, 0] for example in node.demonstrations] == [take(n).observation[0, 0] for n in (0, 2)]


def test_withdrawn_before_anything_was_learnt_it_never_was() -> None:
    plain = scores(demonstration(0, 0), demonstration(0, 2), rollouts=1)
    node = Discriminator("CartPole-v1", rollout_steps=4)
    for message in (demonstration(0, 0), demonstration(0, 1), Withdrawal(1, 0, 1), demonstration(1, 2)):
        list(node.hear(message))
    (score, _) = node.hear(transition(0))
    assert isinstance(score, Score)
    np.testing.assert_array_equal(score.reward, plain[0])


def test_the_cloner_forgets_it_too() -> None:
    node = Cloner("CartPole-v1", epochs_each=1, epochs=1)
    for message in (demonstration(0, 0), demonstration(1, 1), Withdrawal(2, 0, 1)):
        list(node.hear(message))
    never = Cloner("CartPole-v1", epochs_each=1, epochs=1)
    list(never.hear(demonstration(0, 0)))
    assert len(node.bc.demonstrations) == 1
    for name, tensor in node.bc.normaliser.tensors().items():
        np.testing.assert_array_equal(tensor, never.bc.normaliser.tensors()[name])
    list(node.hear(Withdrawal(3, 0, 1)))
    assert node.bc.demonstrations == []
    state = node.state()
    never.load(state)
    assert never.bc.demonstrations == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("gail.yaml live:=true demonstrations:=a.npz", "demonstrations: a live operator shows instead of a file: "),
        ("bc.yaml live:=true demonstrations:=a.npz", "demonstrations: a live operator shows instead of a file: "),
    ],
)
def test_what_only_a_file_can_do_is_refused_of_an_operator(words: str, sentence: str, tmp_path: Path) -> None:
    npz.write(tmp_path / "a.npz", Demonstrations([driven("CartPole-v1", 0)], "CartPole-v1"))
    words += " kept_episodes:=1" if "live" in words else ""
    done = cli("launch", *words.split(), "--run-dir", tmp_path / "run", cwd=tmp_path)
    assert done.returncode and sentence in done.stdout + done.stderr, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr and "restarted" not in done.stdout
