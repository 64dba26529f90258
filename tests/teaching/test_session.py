"""The operator's small machine, and what is put together of an episode; messages by hand, no terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pytest

from tutelage import Message, Node
from tutelage.input.problems import Refusal
from tutelage.learning.draws import episode_seed
from tutelage.message import values
from tutelage.messages import (
    Action,
    Begin,
    Closing,
    Episode,
    Evaluation,
    Metrics,
    Observation,
    Reward,
    Take,
    Transition,
)
from tutelage.nodes.driven_simulator import DrivenSimulator
from tutelage.nodes.robot_teleoperator import RobotTeleoperator
from tutelage.nodes.screens import cockpit
from tutelage.nodes.teleoperator import Teleoperator
from tutelage.teaching.devices.device import COMMANDS, OperatorCommand, Phase
from tutelage.teaching.progress import Progress
from tutelage.teaching.session import Session


def told(session: Session, *commands: OperatorCommand, length: int = 10) -> Session:
    for command in commands:
        session.obey(command, length, float(length))
    return session


def test_an_episode_is_started_paused_and_gone_on_with() -> None:
    session = Session()
    phases: list[Phase] = []
    for _ in range(4):
        session.obey("go", 3, 3.0)
        phases.append(session.phase)
    assert phases == ["driving", "paused", "driving", "paused"]


@pytest.mark.parametrize("before", [["go"], ["go", "go"]])
@pytest.mark.parametrize("command, verdict, kept", [("keep", "kept", 1), ("discard", "discarded", 0)])
def test_an_episode_is_judged_while_it_runs(
    before: list[OperatorCommand], command: OperatorCommand, verdict: str, kept: int
) -> None:
    session = told(Session(), *before)
    assert session.obey(command, 10, 10.0) == verdict
    assert (session.phase, session.take, session.kept) == ("ready", 1, kept)
    assert session.notice == f"episode 0 {verdict}: 10 steps, return 10.0"


def test_what_is_over_waits_for_its_verdict() -> None:
    session = told(Session(), "go")
    session.end(10, 10.0)
    for command in ("go", "finish"):
        session.obey(command, 10, 10.0)
        assert session.phase == "over" and session.notice == "keep or discard episode 0 first"
    assert session.obey("keep", 10, 10.0) == "kept"


def test_nothing_cannot_be_judged() -> None:
    assert Session().obey("keep", 0, 0.0) is None


def test_undo_reverses_the_last_verdict_and_again() -> None:
    session = told(Session(), "undo")
    assert session.notice == "there is no verdict to undo"
    told(session, "go", "keep", "go", "discard")
    assert [(session.obey("undo", 0, 0.0), session.kept) for _ in range(3)] == [
        ("reversed", 2),
        ("reversed", 1),
        ("reversed", 2),
    ]
    assert session.notice == "undone: episode 1 is kept now"


def test_a_session_ends_by_its_number_of_episodes() -> None:
    session = told(Session(episodes=2), "go", "keep", "go", "discard", "go", "keep")
    assert (session.phase, session.take, session.kept) == ("finished", 3, 2)
    assert told(session, *COMMANDS).phase == "finished"


def test_a_session_ends_by_its_number_of_episodes_when_a_verdict_is_undone_too() -> None:
    session = told(Session(episodes=1), "go", "discard", "undo")
    assert (session.phase, session.kept) == ("finished", 1)
    session = told(Session(episodes=1), "go", "discard", "go", "undo")
    assert session.phase == "driving"  # who drives is not interrupted: the verdict on what runs ends the session
    assert told(session, "discard").phase == "finished"


def test_a_session_with_too_few_cannot_be_finished() -> None:
    session = told(Session(least=1), "finish")
    assert (session.phase, session.notice) == ("ready", "0 kept, 1 needed to learn from; Ctrl-C ends the run")
    assert told(session, "go", "keep", "finish", length=5).phase == "finished"


def test_finishing_in_an_episode_discards_it() -> None:
    session = told(Session(), "go", "keep", "go")
    assert session.obey("finish", 4, 4.0) == "discarded"
    assert session.notice == "finished: 1 of 2 episodes kept"


def test_who_drives_on_when_learning_is_over_reads_so_and_what_becomes_of_it() -> None:
    progress, session = Progress(), told(Session(least=1), "go", "keep")
    progress.hear(Evaluation(8, 0, 8, 16384, np.full(3, 481.5), np.zeros(3), final=True), 0.0)
    lines = cockpit.learner_lines(progress, session)
    assert lines[1] == "learning has ended: the policy's return is 481.5"
    assert lines[2] == "episodes that you keep now are recorded, but not learned from; finish when you like"
    assert cockpit.learner_lines(progress, told(session, "finish")) == lines[:2]


class Exchange:
    """A teleoperator and what it drives, without processes: each hears at once what the other says."""

    def __init__(self, teleoperator: Teleoperator | RobotTeleoperator, driven: Node) -> None:
        self.teleoperator, self.driven = teleoperator, driven
        self.said: list[Message] = []
        self.tell(driven.start())

    def tell(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.say(self.teleoperator.hear(message) or ())

    def say(self, messages: Iterable[Message]) -> None:
        for message in list(messages):
            self.said.append(message)
            if isinstance(message, Action | Begin):
                self.tell(self.driven.hear(message) or ())

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.teleoperator.seat.next_look = 0.0
            self.say(self.teleoperator.tick())

    def all(self, kind: type[Message]) -> list[Any]:
        return [message for message in self.said if isinstance(message, kind)]


def test_a_take_holds_what_was_done_with_its_seed() -> None:
    met = Exchange(
        Teleoperator("CartPole-v1", "scripted", episodes=2, seed=3, rate=0.0), DrivenSimulator("CartPole-v1", 3)
    )
    met.tick(1100)
    first, second = met.all(Take)
    assert (first.take, second.take) == (0, 1) and first.seed != second.seed
    assert len(first.action) == 500 and first.truncated and not first.terminated
    assert len(first.observation) == 501 and first.reward.sum() == 500
    assert not np.array_equal(first.observation[0], second.observation[0])
    assert met.said.index(met.all(Closing)[0]) > met.said.index(second)
    assert met.teleoperator.done
    assert met.all(Begin) == []  # a simulator begins the next one by itself


def test_what_is_cut_off_is_begun_anew() -> None:
    met = Exchange(Teleoperator("CartPole-v1", "scripted", episodes=9), DrivenSimulator("CartPole-v1"))
    met.tick(20)
    met.say(met.teleoperator._obey("discard"))
    met.tick(20)
    (take,) = met.all(Take)
    assert (take.verdict, take.terminated, take.truncated) == ("discarded", False, True)
    assert len(met.all(Begin)) == 1
    assert met.teleoperator.seat.driven.first == 1
    begun = DrivenSimulator("CartPole-v1").environments.reset(0, episode_seed(0, 0, 1))
    np.testing.assert_array_equal(met.teleoperator.seat.driven.rows[0][0][0], begun)


def test_an_undone_take_is_said_again_with_the_other_verdict() -> None:
    met = Exchange(Teleoperator("CartPole-v1", "scripted", episodes=3), DrivenSimulator("CartPole-v1"))
    met.tick(520)
    for _ in range(2):
        met.say(met.teleoperator._obey("undo"))
    assert [(take.take, take.verdict) for take in met.all(Take)] == [(0, "kept"), (0, "discarded"), (0, "kept")]


def test_who_is_no_person_finishes_when_learning_is_over_also_after_coming_back() -> None:
    met = Exchange(Teleoperator("CartPole-v1", "scripted", learner=True), DrivenSimulator("CartPole-v1"))
    met.tick(520)
    assert met.all(Closing) == []
    met.tell([Evaluation(8, 0, 8, 16384, np.full(3, 481.5), np.zeros(3), final=True)])
    came_back = Teleoperator("CartPole-v1", "scripted", learner=True)
    came_back.load(met.teleoperator.state())
    for node in (met.teleoperator, came_back):
        met.teleoperator = node
        met.tick()
        assert node.done
    assert [closing.kept for closing in met.all(Closing)] == [1, 1]


def test_after_a_restart_the_learners_line_counts_all_that_was_kept() -> None:
    met = Exchange(Teleoperator("CartPole-v1", "scripted", learner=True), DrivenSimulator("CartPole-v1"))
    met.tick(520)
    came_back = Teleoperator("CartPole-v1", "scripted", learner=True)
    came_back.load(met.teleoperator.state())
    came_back.seat.watch(Metrics(1, 0, {"time/total_timesteps": 64.0}))
    shown = cockpit.learner_lines(came_back.seat.progress, came_back.seat.session)
    assert shown == ["learner: 1 demonstration   64 steps   yours 500.0"]
    for number, reached in ((0, 500.0), (1, 100.0)):  # the first was still on its way
        came_back.seat.watch(Episode(2, 0, "expert", 0, number, 0, 20, reached))
    assert "2 demonstrations" in cockpit.learner_lines(came_back.seat.progress, came_back.seat.session)[0]
    assert came_back.seat.progress.expert_return == 300.0


@pytest.mark.parametrize("operator", ["scripted", "tests.parts.leaning:lean"])
def test_who_never_finishes_is_refused_where_no_learner_ends(operator: str) -> None:
    with pytest.raises(Refusal, match=f"'{operator}' never finishes by itself: say after how many"):
        Teleoperator("CartPole-v1", operator)


def test_a_run_folder_of_before_goes_on_at_a_simulator_and_is_refused_at_a_robot() -> None:
    """Its teleoperator stood for both: it had a parameter for a robot, and kept two more things."""
    simulator = DrivenSimulator("CartPole-v1")
    met = Exchange(Teleoperator("CartPole-v1", "scripted", episodes=2), simulator)
    met.tick(20)
    state = {**met.teleoperator.state(), "running": True, "unanswered": False}
    met.teleoperator = Teleoperator("CartPole-v1", "scripted", episodes=2, own_clock=None)
    met.teleoperator.load(state)
    met.tick(1100)
    assert [(take.take, len(take.action)) for take in met.all(Take)] == [(0, 500), (1, 500)]
    with pytest.raises(Refusal, match="this node drives simulators only: for a robot"):
        Teleoperator("CartPole-v1", "scripted", episodes=2, own_clock="robot.yaml")


class Clocked(Node):
    """Something with a clock of its own, as a robot is: once it was begun it steps, whether it is answered or not."""

    def __init__(self) -> None:
        self.time, self.running = 0, False
        self.heard: list[Message] = []

    def hear(self, message: Message) -> Iterator[Message]:
        self.heard.append(message)
        if isinstance(message, Begin):
            if self.running:
                yield self.transition(cut=True)
            self.running = True
            yield self.observation()

    def step(self, terminated: bool = False) -> Iterator[Message]:
        yield self.transition(terminated)
        self.running = not terminated
        if self.running:
            yield self.observation()

    def observation(self) -> Message:
        return Observation(self.time, 0, np.full((1, 4), self.time, np.float32))

    def transition(self, terminated: bool = False, cut: bool = False) -> Message:
        row, one = np.full((1, 1, 4), self.time, np.float32), np.zeros((1, 1), np.float32)
        self.time += 1
        return Transition(
            self.time - 1, 0, row, np.ones((1, 1), np.int64), row + 1, one, np.array([[terminated]]), np.array([[cut]])
        )


def test_what_has_a_clock_of_its_own_is_answered_at_once_and_only_while_driven() -> None:
    robot = Clocked()
    met = Exchange(RobotTeleoperator("CartPole-v1", "scripted", episodes=9), robot)
    met.tick(3)  # the device says go, which begins an episode, whose first observation is answered
    for _ in range(2):
        met.tell(robot.step())
        met.tick()
    assert [(type(one), one.rollout) for one in robot.heard] == [(Begin, 0), (Action, 0), (Action, 1), (Action, 2)]
    met.say(met.teleoperator._obey("go"))
    for _ in range(5):
        met.tell(robot.step())
        met.tick()
    assert len(robot.heard) == 4  # paused: not answered
    met.say(met.teleoperator._obey("go"))
    met.tick()
    assert robot.heard[-1].rollout == 7  # with the newest
    met.tell(robot.step(terminated=True))
    assert met.teleoperator.seat.session.phase == "over"
    met.tick(2)
    (take,) = met.all(Take)
    assert (len(take.action), take.terminated, take.seed, take.reward.sum()) == (8, True, 0, 0)


def test_what_it_did_before_an_episode_was_begun_is_no_part_of_it() -> None:
    robot = Clocked()
    met = Exchange(RobotTeleoperator("CartPole-v1", "scripted", episodes=9), robot)
    met.tick(2)
    met.tell(robot.step())
    met.say(met.teleoperator._obey("discard"))
    on_its_way = list(robot.step())  # while the next episode is asked for
    met.teleoperator.seat.next_look = 0.0
    (begin,) = met.teleoperator.tick()
    assert isinstance(begin, Begin) and begin.rollout == 1
    met.tell(on_its_way)
    met.tell(robot.hear(begin))
    assert (robot.time, met.teleoperator.seat.driven.length) == (3, 0)
    met.tell(robot.step())
    assert [row[0][0, 0] for row in met.teleoperator.seat.driven.rows] == [3]


def test_a_robot_that_could_not_begin_is_asked_again() -> None:
    robot = Clocked()
    met = Exchange(RobotTeleoperator("CartPole-v1", "scripted", episodes=9), robot)
    deaf, robot.hear = robot.hear, lambda message: iter(())  # type: ignore[method-assign]
    met.tick(3)
    robot.hear = deaf  # type: ignore[method-assign]
    for _ in range(2):
        met.say(met.teleoperator._obey("go"))
        met.tick(2)
    assert [type(one) for one in robot.heard] == [Begin, Action]


def test_a_simulator_that_was_killed_comes_back_where_it_was() -> None:
    whole, cut = DrivenSimulator("CartPole-v1"), DrivenSimulator("CartPole-v1")
    [*whole.start(), *cut.start()]
    acts: list[Message] = [Action(0, n, np.array([n % 2]), np.zeros(1, np.float32), 0) for n in range(5)]
    acts += [Begin(0, 5, "again"), Action(1, 0, np.array([1]), np.zeros(1, np.float32), 0)]
    for act in acts:
        wanted, found = list(whole.hear(act)), list(cut.hear(act))
        assert [(type(one), one.rollout, one.step) for one in wanted] == [
            (type(one), one.rollout, one.step) for one in found
        ]
        for one, other in zip(wanted, found, strict=True):
            np.testing.assert_array_equal(values(one)[2], values(other)[2])
        state = cut.state()
        cut = DrivenSimulator("CartPole-v1")
        cut.load(state)
    assert [type(one) for one in wanted] == [Reward, Transition, Observation]
