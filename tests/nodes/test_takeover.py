"""A person at a terminal beside a policy that drives the emulated rig: takes over, gives back, stops, arms."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from itertools import groupby, pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from tests.nodes.test_robot_faults import CART, balancing
from tests.parts.person import RIGHT, SPACE, Person
from tests.parts.rigs import running
from tutelage import Message
from tutelage.drivers.guard import State
from tutelage.messages import Action, Command, Episode, Observation, Order, Safety, Take, Transition
from tutelage.nodes.takeover import Takeover
from tutelage.recording import Reader
from tutelage.tasks.task import Task
from tutelage.teaching.devices.device import Device, Moment
from tutelage.teaching.formats.takes import takes

ESCAPE = "\x1b"
RATE = 40.0
"""N/s"""


def test_a_person_takes_over_gives_back_stops_and_arms(tmp_path: Path) -> None:
    policy = balancing(tmp_path / "policy")
    with running("cartpole", "serial", tmp_path) as rig:
        limits = {"cart": {"position": [-2.45, 2.45]}, "force": {"position": [-3, 3], "rate": RATE, "safe": 0}}
        robot = rig.file(tmp_path, limits=limits)
        person = Person(
            tmp_path, "hardware.yaml", f"policy:={policy}", f"robot:={robot}", "operator:=keyboard", "record:=true"
        )
        try:
            drive(person)
        finally:
            person.close()
    recording = person.run_dir / "recording.mcap"
    said = [message for _, message in Reader(recording).of(Command, Order, Safety)]
    check_who_drove([message for message in said if isinstance(message, Command)])
    orders = [message.order for message in said if isinstance(message, Order)]
    assert orders == ["take over", "give back", "stop", "arm", "give back"]
    states = [message.state for message in said if isinstance(message, Safety)]
    assert states[states.index("stopped") :][:3] == ["stopped", "armed", "moving"]
    kept = [said.take for said in takes(recording).takes]
    assert [(take.take, take.verdict) for take in kept] == [(0, "kept"), (0, "discarded")]
    assert all(take.device == "keyboard over policy" for take in kept)
    assert kept[0].terminated and kept[0].reward.sum() == len(kept[0].action)


def test_a_person_records_on_a_robot_that_has_begun_long_ago(tmp_path: Path) -> None:
    with running("cartpole", "serial", tmp_path) as rig:
        person = Person(tmp_path, "record.yaml", f"robot:={rig.file(tmp_path)}")
        try:
            for number, verdict in enumerate(("kept", "discarded", "kept")):
                show(person, number, verdict)
            person.press("q")
            person.process.wait(20)
        finally:
            person.close()
    assert person.process.returncode == 0, person.history()
    made = [said.take for said in takes(person.run_dir / "recording.mcap").takes]
    assert [take.verdict for take in made] == ["kept", "discarded", "kept"]
    assert all(take.terminated and len(take.action) > 2 and set(take.action[2:]) == {1} for take in made)


def show(person: Person, number: int, verdict: str) -> None:
    person.sees("robot ARMED")
    person.until(lambda: begun(person) > number, "the robot waits for an answer")
    time.sleep(0.3)  # a person is slow: what it has observed is too old to be answered by then
    person.press(RIGHT, SPACE)
    person.sees(f"episode {number} is over")
    person.press(verdict[0])
    person.sees(f"episode {number} {verdict}")


def begun(person: Person) -> int:
    """How many episodes have."""
    path = person.run_dir / "recording.mcap"
    said = Reader(path).of(Observation, Episode) if path.exists() else ()
    kinds = [type(message) for _, message in said]
    return sum(a is not Observation and b is Observation for a, b in pairwise([Episode, *kinds]))


def drive(person: Person) -> None:
    person.sees("the policy drives")
    person.sees("take over, give back   r arm   escape stop   backspace discard the last")
    person.sees("robot MOVING")
    person.press(SPACE)
    person.sees("YOU DRIVE")
    person.press(RIGHT)  # until it has fallen
    person.sees(r"the episode is over; intervention 0: \d+ steps, recorded")
    person.press("d")
    person.sees("intervention 0 discarded")
    person.sees("the policy drives")
    person.sees("robot MOVING")
    person.press(ESCAPE)
    person.sees("robot STOPPED: ordered to stop")
    person.press("r")
    person.sees("robot MOVING")
    person.process.send_signal(signal.SIGINT)
    person.process.wait(30)


def check_who_drove(commands: list[Command]) -> None:
    """Policy, human, policy; what was applied goes on from what was applied before, also where they change."""
    actors = [actor for actor, _ in groupby(one.actor for one in commands if one.actor != "guard")]
    assert actors == ["policy", "human", "policy"]
    for before, after in pairwise(commands):
        if before.actor != after.actor and before.applied.size and after.applied.size:
            assert np.abs(after.applied - before.applied).max() <= RATE / 20 + 0.11  # the rig's force has steps of 1 %


def gentle(folder: Path, lines: str = "start: automatic") -> Path:
    """A robot's file: the cart of cart.py, at 20 Hz so that a busy machine is in time."""
    robot = folder / "cart.yaml"
    limits = "limits: {cart: {position: [-2.6, 2.6]}, force: {position: [-3, 3]}}"
    robot.write_text(f"driver: {CART}:Cart\ntask: CartPole-v1\nrate: 20\n{lines}\n{limits}\n")
    return robot


def test_a_teleoperator_that_is_killed_loses_no_take_and_the_robot_obeys_it_again(tmp_path: Path) -> None:
    policy = balancing(tmp_path / "policy")
    words = [f"policy:={policy}", f"robot:={gentle(tmp_path)}", "operator:=keyboard", "record:=true", "patience:=0"]
    person = Person(tmp_path, "hardware.yaml", *words)
    try:
        person.sees("robot MOVING")
        for number in range(2):
            person.press(SPACE)
            person.sees("YOU DRIVE")
            person.press(RIGHT)
            person.sees(r"intervention \d+: \d+ steps")
            killed(person, number)
            person.sees("the policy drives")
            person.press("r")  # it may have been stopped meanwhile
            person.sees("robot MOVING")
        person.press(SPACE)
        person.sees("YOU DRIVE")
        killed(person, 2)  # amid an intervention
        person.press(ESCAPE)
        person.sees("robot STOPPED")
        killed(person, 3)
        person.press("r")
        person.sees("robot MOVING")
    finally:
        person.close()
    kept = [said.take for said in takes(person.run_dir / "recording.mcap").takes]
    numbers = [take.take for take in kept]
    assert numbers == [*range(len(numbers))] and len(numbers) >= 2


def killed(person: Person, restarts: int) -> None:
    os.kill(person.nodes()["teleoperator"], signal.SIGKILL)
    person.until(lambda: person.restarts("teleoperator") == restarts + 1, "it was restarted")
    person.sees("was restarted")


def test_a_robot_that_waits_for_an_operator_is_armed_and_begun_by_one_key(tmp_path: Path) -> None:
    robot = gentle(tmp_path, "start: operator\nages: {apply: 200, hold: 400}")  # periods: no busy machine stops it
    words = [f"policy:={balancing(tmp_path / 'policy')}", f"robot:={robot}", "episode_steps:=15"]
    person = Person(tmp_path, "hardware.yaml", *words, "operator:=keyboard")
    try:
        person.sees("robot DISARMED: it was not armed yet")
        person.press("r")
        person.until(lambda: states(person) == ["disarmed", "armed", "moving", "armed"], "an episode and its end")
        for _ in range(10):  # a person presses again if the key came before the node knew that the episode was over
            person.press("r")  # it is armed already, at rest after its episode
            with suppress(AssertionError):
                person.until(lambda: len(states(person)) > 4, "it moves again", seconds=2)
                break
        person.until(lambda: states(person)[4:6] == ["moving", "armed"], "another one")
    finally:
        person.close()


def states(person: Person) -> list[str]:
    """The guard's states so far, from the log of the hardware node: a screen may be drawn too seldom to show each."""
    words = [line.partition(":")[0] for line in (person.run_dir / "logs" / "hardware.log").read_text().splitlines()]
    return [word for word in words if word in set(State)]


def seen(rollout: int) -> Observation:
    return Observation(rollout, 0, np.zeros((1, 4), np.float32))


def test_what_it_knew_it_knows_when_it_comes_back(tmp_path: Path) -> None:
    """Orders bear the time of what was seen: one that is earlier than the last would be none."""
    robot = str(gentle(tmp_path))
    before, after = (Takeover(robot, "scripted") for _ in range(2))
    assert [*before.hear(seen(500))] == []
    [*before.tick()]
    after.load(before.state())
    assert after.seat.drives and (after.seat.order("stop").rollout, after.seat.session.take) == (500, 0)
    assert [type(one) for one in after.hear(seen(501))] == [Action]


def test_what_was_seen_is_answered_once_however_often_one_takes_over(tmp_path: Path) -> None:
    takeover = Takeover(str(gentle(tmp_path)), "scripted")
    [*takeover.hear(seen(7))]
    said = [message for _ in range(4) for message in takeover._obey("go")]
    assert [(type(one), one.rollout) for one in said if isinstance(one, Action)] == [(Action, 7)]
    assert [one.order for one in said if isinstance(one, Order)] == ["take over", "give back"] * 2


class Persistent(Device):
    """Goes on with what was done last, for ever."""

    name, person = "persistent", True

    def __init__(self, task: Task) -> None:
        self.last = np.array(0)

    def engage(self, action: np.ndarray) -> None:
        self.last = action

    def action(self, observation: np.ndarray, now: Moment) -> np.ndarray:
        return self.last


def commanded(rollout: int, actor: Literal["policy", "human", "guard"], force: float) -> Command:
    return Command(rollout, 0, actor, np.array([10.0]), np.array([force]), "", 1, 2)


def stepped(rollout: int, action: int, over: bool = False) -> Transition:
    row, likely, ends = np.zeros((1, 1, 4), np.float32), np.zeros((1, 1), np.float32), np.array([[over]])
    return Transition(rollout, 0, row, np.array([[action]]), row, likely, np.array([[False]]), ends)


def told(takeover: Takeover, *messages: Message) -> list[Message]:
    return [said for message in messages for said in takeover.hear(message)]


def test_an_intervention_begins_with_the_first_action_of_the_operators_that_was_applied(tmp_path: Path) -> None:
    takeover = Takeover(str(gentle(tmp_path)), "tests.nodes.test_takeover:Persistent")
    said = told(takeover, seen(4), commanded(4, "policy", -1.5), seen(5))
    said += takeover._obey("go")  # too late for step 5, in which the policy still acts
    said += told(takeover, stepped(5, 1), seen(6), commanded(6, "human", -3.0), stepped(6, 0), seen(7))
    said += told(takeover, stepped(7, 0, over=True))
    (take,) = (message for message in said if isinstance(message, Take))
    assert (take.rollout, take.action.tolist()) == (6, [0, 0])
    answers = [message.action.tolist() for message in said if isinstance(message, Action)]
    assert answers == [[0], [0], [0]]  # as was applied, not as the policy drew it


def test_what_the_operator_does_while_giving_back_begins_no_intervention(tmp_path: Path) -> None:
    takeover = Takeover(str(gentle(tmp_path)), "tests.nodes.test_takeover:Persistent")
    said = [*told(takeover, seen(4)), *takeover._obey("go"), *takeover._obey("go")]
    said += told(takeover, commanded(4, "human", 3.0), stepped(4, 1), commanded(5, "policy", 3.0), stepped(5, 1, True))
    assert not [message for message in said if isinstance(message, Take)]


def test_a_file_that_is_used_up_gives_back(tmp_path: Path) -> None:
    file = tmp_path / "one.npz"
    nowhere, ends = np.zeros((2, 4), np.float32), np.array([False, True])
    np.savez(
        file, observations=nowhere, next_observations=nowhere, actions=np.array([0, 1]), rewards=np.ones(2),
        terminals=ends, truncations=np.zeros(2, bool),
    )  # fmt: skip
    takeover = Takeover(str(gentle(tmp_path)), str(file))
    said = [*told(takeover, seen(0)), *takeover.tick()]
    said += told(takeover, commanded(0, "human", -3.0), stepped(0, 0, over=True), seen(1))
    takeover.seat.next_look = 0.0
    said += [*takeover.tick()]
    assert not takeover.seat.drives
    assert [message.order for message in said if isinstance(message, Order)] == ["take over", "give back"]


@pytest.mark.parametrize("recorded", [True, False])
def test_an_intervention_is_told_of_once_and_as_recorded_only_where_it_is(tmp_path: Path, recorded: bool) -> None:
    takeover = Takeover(str(gentle(tmp_path)), "tests.nodes.test_takeover:Persistent", recorded=recorded)
    said = told(takeover, seen(0))
    for rollout in range(2):
        said += takeover._obey("go")
        said += told(takeover, seen(rollout), commanded(rollout, "human", 3.0), stepped(rollout, 1, over=True))
        assert not takeover.seat.drives
    is_it = "recorded" if recorded else "not recorded"
    assert takeover.seat.session.notice == f"the episode is over; intervention 1: 1 steps, {is_it}"
    assert (takeover.seat.session.take, takeover.seat.session.kept) == (2, 2 * recorded)
    (reversed_,) = takeover._obey("discard")
    assert isinstance(reversed_, Take) and (reversed_.take, reversed_.verdict) == (1, "discarded")
    assert not [*takeover._obey("discard")] and takeover.seat.session.kept == int(recorded)


def test_nothing_is_told_to_be_recorded_that_could_not_be_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    takeover = Takeover(str(gentle(tmp_path)), "tests.nodes.test_takeover:Persistent", recorded=True)
    told(takeover, seen(0))
    [*takeover._obey("go")]
    told(takeover, commanded(0, "human", 3.0), stepped(0, 1, over=True))
    takeover.unkept = "No space left on device"
    [*takeover.tick()]
    assert capsys.readouterr().out == "nothing can be saved, an intervention may be lost: No space left on device\n"
