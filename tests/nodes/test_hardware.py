"""The hardware node, in this process and in real time, before the cart of cart.py; the robot's file."""

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage import Message
from tutelage.drivers.robot import load
from tutelage.input.problems import Refusal
from tutelage.messages import Action, Begin, Command, Episode, Observation, Order, Reward, Safety, Timing, Transition
from tutelage.nodes.hardware import Hardware
from tutelage.nodes.robot_teleoperator import RobotTeleoperator
from tutelage.tasks.cart_pole import CartPole, cart_pole
from tutelage.teaching.devices.device import OperatorCommand

CART = Path(__file__).parents[1] / "parts" / "cart.py"

MOTOR = """
import time
import numpy as np
from tutelage.drivers.driver import Channel, Driver, Reading

class Motor(Driver):
    observes = (Channel("joint", "rad", -9, 9), Channel("joint velocity", "rad/s", -9, 9))
    accepts = (Channel("torque", "N m", -2, 2),)

    def __init__(self):
        self.angle, self.over = 0.0, []  # when each writing was over

    def connect(self):
        pass

    def read(self):
        self.angle += 0.01
        return Reading(np.array([self.angle, 0.1]), time.monotonic_ns())

    def write(self, command):
        time.sleep(0.01)
        self.over.append(time.monotonic_ns())
        return command.copy()

    def stop(self):
        pass

    def close(self):
        pass
"""


def motor(folder: Path, lines: str = "start: automatic") -> Path:
    """The file of a robot with MOTOR as its driver, at 20 Hz."""
    (folder / "motor.py").write_text(MOTOR)
    (folder / "motor.yaml").write_text(f"driver: motor.py:Motor\ntask: Pendulum-v1\nrate: 20\n{lines}\n")
    return folder / "motor.yaml"


def cart(folder: Path, lines: str = "", rate: int = 50) -> Path:
    """The file of a robot with the cart of cart.py."""
    (folder / "cart.yaml").write_text(f"driver: {CART}:Cart\ntask: CartPole-v1\nrate: {rate}\n{lines}\n")
    return folder / "cart.yaml"


GENTLY = "start: automatic\nlimits: {force: {position: [-3, 3]}}"
"""At 20 Hz all its force would throw the pole over."""

Answer = Callable[[Observation], Iterable[Message]]


def balance(seen: Observation) -> Iterable[Message]:
    yield action(seen, cart_pole(seen.observation[0]))


def action(to: Observation, index: int, version: int = 0) -> Action:
    return Action(to.rollout, to.step, np.array([index]), np.zeros(1, np.float32), version)


class Loop:
    """A node, its clock, and somebody who answers. At 20 Hz, so that a busy machine is in time for what is tested."""

    def __init__(
        self,
        folder: Path,
        answer: Answer = balance,
        lines: str = "start: automatic",
        file: Path | None = None,
        env: str = "CartPole-v1",
        **parameters: Any,
    ) -> None:
        self.node, self.answer = Hardware(str(file or cart(folder, lines, rate=20)), env, **parameters), answer
        self.said: list[Message] = list(self.node.start())

    def hear(self, message: Message) -> None:
        self._take(self.node.hear(message))

    def run(self, until: Callable[[], bool]) -> "Loop":
        deadline = time.monotonic() + 20
        while not until():
            assert time.monotonic() < deadline, self.said[-5:]
            time.sleep(max(0.0, self.node.due() - time.monotonic()))
            self._take(self.node.tick())
        return self

    def _take(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.said.append(message)
            if isinstance(message, Observation):
                for answer in self.answer(message):
                    self.hear(answer)

    def begin(self) -> "Loop":
        self.hear(Order(0, 0, "arm", ""))
        self.hear(Begin(0, 0, "go"))
        return self

    def of(self, kind: type[Message]) -> list[Any]:
        return [message for message in self.said if isinstance(message, kind)]

    def ticks(self, count: int) -> "Loop":
        until = self.node.pace.ticks + count
        return self.run(lambda: self.node.pace.ticks >= until)

    def steps(self, count: int) -> "Loop":
        before = len(self.of(Observation))
        return self.run(lambda: len(self.of(Observation)) >= before + count)


def test_transitions_are_whole_rollouts_of_what_was_seen_and_done(tmp_path):
    loop = Loop(tmp_path, rollout_steps=8, episode_steps=10)
    loop.run(lambda: len(loop.of(Transition)) == 3)
    seen = np.concatenate([message.observation for message in loop.of(Observation)])[:24]
    done = {name: np.concatenate([getattr(m, name)[:, 0] for m in loop.of(Transition)]) for name in ("observation", "action", "next_observation", "truncated", "terminated")}  # fmt: skip
    assert [(m.rollout, m.step) for m in loop.of(Transition)] == [(0, 7), (1, 7), (2, 7)]
    assert np.array_equal(done["observation"], seen)
    assert done["action"].tolist() == [cart_pole(one) for one in seen]
    assert np.flatnonzero(done["truncated"]).tolist() == [9, 19] and not done["terminated"].any()
    inside = np.setdiff1d(np.arange(23), [9, 19])
    assert np.array_equal(done["next_observation"][inside], seen[inside + 1])
    assert not np.array_equal(done["next_observation"][9], seen[10])  # the true last one, not the next first
    assert [(m.length, m.episode) for m in loop.of(Episode)] == [(10, 0), (10, 1)]
    assert [m.reward.tolist() for m in loop.of(Reward)] == [[[1.0]] * 8] * 3


def test_logical_time_goes_on_step_by_step_and_stands_still_until_the_first_answer(tmp_path):
    answering = False
    loop = Loop(tmp_path, lambda seen: balance(seen) if answering else (), rollout_steps=4)
    loop.run(lambda: len(loop.of(Observation)) == 1)
    loop.ticks(8)  # for longer than an action is applied, and held
    assert len(loop.of(Observation)) == 1
    answering = True
    loop.hear(action(loop.of(Observation)[0], 1))  # far too late: it begins the time, but moves nothing
    assert loop.of(Command)[-1].reason.startswith("fresh: ") and loop.of(Command)[-1].applied.size == 0
    loop.steps(7)
    times = [(message.rollout, message.step) for message in loop.of(Observation)]
    assert times == [(0, 0), *[(0, i) for i in range(1, 5)], *[(1, i) for i in range(len(times) - 5)]]
    assert loop.node.guard.state == "moving"
    learnt = loop.of(Transition)[0]  # the step in which nothing was done is not in it
    assert np.array_equal(learnt.observation[:, 0], [message.observation[0] for message in loop.of(Observation)[1:5]])
    assert (learnt.rollout, learnt.step) == (0, 4)


def test_a_robot_that_begins_by_itself_is_placed_before_it_begins_when_asked(tmp_path):
    loop = Loop(tmp_path, rollout_steps=1).steps(3)
    places = loop.node.starter.places
    loop.hear(Begin(0, 3, "again"))
    assert loop.of(Transition)[-1].truncated.tolist() == [[True]] and not loop.node.trail.running
    loop.steps(2)
    assert loop.node.starter.places == places + 1


def test_a_fall_is_the_tasks_own_end(tmp_path):
    loop = Loop(tmp_path, lambda seen: [action(seen, 1)], rollout_steps=1)
    loop.run(lambda: len(loop.of(Episode)) == 1)
    last = loop.of(Transition)[-1]
    assert last.terminated.tolist() == [[True]] and last.truncated.tolist() == [[False]]
    assert abs(last.next_observation[0, 0, 2]) > CartPole().bounds[1]
    assert not loop.of(Begin) and loop.node.guard.state == "armed"


@pytest.mark.parametrize(
    "wrong",
    [
        *(np.array([7]), np.array([-1]), np.array([np.nan], np.float32), np.array([1.0], np.float32)),
        *(np.array([[0.1, 0.2]], np.float32), np.zeros((0,), np.int64)),
    ],
)
def test_an_action_that_is_none_is_refused_held_and_stopped(tmp_path, wrong):
    answers: list[Message] = []
    loop = Loop(tmp_path, lambda seen: answers or balance(seen)).steps(2)
    before, count = loop.of(Command)[-1].applied, len(loop.of(Command))
    last = loop.of(Observation)[-1]
    answers.append(Action(last.rollout, last.step, wrong, np.zeros(1, np.float32), 0))
    loop.run(lambda: loop.node.guard.state == "stopped")
    since = loop.of(Command)[count:]
    refused = [message for message in since if message.actor == "policy"]
    assert {message.reason for message in refused} == {"finite: it is not a number"} and not any(
        m.applied.size for m in refused
    )
    held = [message.applied.tolist() for message in since if message.reason.startswith("held")]
    assert held and all(applied == before.tolist() for applied in held)
    assert loop.node.actuation.refused >= len(refused)


def test_a_jump_is_bounded_by_the_rate_and_the_transition_says_what_was_done(tmp_path):
    lines = "start: automatic\nlimits:\n  force: {rate: 40}"
    loop = Loop(tmp_path, lambda seen: [action(seen, 1)], lines, rollout_steps=1).steps(6)
    applied = [float(message.applied[0]) for message in loop.of(Command)]
    assert applied[0] == 2.0 and np.diff(applied[:5]).max() <= 2.0 + 1e-9
    assert loop.of(Command)[0].requested.tolist() == [10.0]
    assert loop.of(Command)[0].reason == "limited: rate"
    assert loop.of(Transition)[0].action.tolist() == [[1]]


def test_a_person_takes_over_and_only_gives_back_in_so_many_words(tmp_path):
    both: dict[str, bool] = {"human": False}

    def answer(seen: Observation) -> Iterable[Message]:
        yield from balance(seen)  # the policy's
        if both["human"]:
            yield action(seen, cart_pole(seen.observation[0]), version=-1)

    loop = Loop(tmp_path, answer, GENTLY).steps(2)
    both["human"] = True
    loop.steps(2)
    before = len(loop.of(Command))
    loop.steps(5)
    assert {message.actor for message in loop.of(Command)[before:]} == {"human"}
    both["human"] = False
    before = len(loop.of(Command))
    loop.run(lambda: loop.node.guard.state != "moving")  # a person who acts no more is not replaced by the policy
    assert "policy" not in {message.actor for message in loop.of(Command)[before:]}
    loop.hear(Order(0, 0, "give back", ""))
    loop.hear(Order(0, 0, "arm", "looked after"))
    loop.steps(4)
    assert loop.of(Command)[-1].actor == "policy"


def test_an_episode_in_which_a_person_acted_is_not_the_policys(tmp_path):
    def answer(seen: Observation) -> Iterable[Message]:
        if (seen.rollout, seen.step) == (0, 3):
            yield action(seen, cart_pole(seen.observation[0]), version=-1)
            yield Order(0, 0, "give back", "")
        else:
            yield from balance(seen)

    loop = Loop(tmp_path, answer, GENTLY, episode_steps=6)
    loop.run(lambda: len(loop.of(Episode)) == 2)
    assert [message.actor for message in loop.of(Episode)] == ["human", "policy"]


def test_a_persons_action_that_is_refused_does_not_take_over(tmp_path):
    loop = Loop(tmp_path).steps(2)
    last = loop.of(Observation)[-1]
    loop.hear(action(last, 7, version=-1))
    assert loop.of(Command)[-1].reason == "finite: it is not a number"
    loop.steps(2)
    assert loop.of(Command)[-1].actor == loop.node.actuation.actor == "policy"


def test_who_has_ordered_to_take_over_is_waited_for(tmp_path):
    loop = Loop(tmp_path, lines=GENTLY).steps(2)
    loop.hear(Order(0, 0, "take over", "by ann"))
    count = len(loop.of(Command))
    loop.run(lambda: loop.node.guard.state == "stopped")
    assert {message.actor for message in loop.of(Command)[count:]} == {"guard"}
    loop.hear(Order(0, 0, "give back", ""))
    loop.hear(Order(0, 0, "arm", ""))
    loop.steps(2)
    assert loop.of(Command)[-1].actor == "policy"


def test_an_answer_to_an_episode_that_has_ended_moves_nothing(tmp_path):
    """Neither between episodes nor in the next one, though it is as fresh as can be."""
    answering = True
    loop = Loop(tmp_path, lambda seen: balance(seen) if answering else (), "start: operator", episode_steps=3).begin()
    loop.run(lambda: len(loop.of(Observation)) == 3)
    last = loop.of(Observation)[-1]
    loop.run(lambda: len(loop.of(Episode)) == 1)
    loop.hear(action(last, 1))
    assert loop.of(Command)[-1].applied.size == 0 and loop.of(Command)[-1].reason == "fresh: no episode runs"
    assert loop.node.guard.state == "armed"
    answering = False
    loop.hear(Begin(0, 0, "go"))
    loop.hear(action(last, 1))
    assert loop.of(Command)[-1].applied.size == 0 and loop.of(Command)[-1].reason.startswith("fresh: it answers")
    assert loop.node.guard.state == "armed" and loop.node.trail.running


def test_an_episode_in_which_nothing_was_done_teaches_nothing(tmp_path):
    loop = Loop(tmp_path, lambda seen: [action(seen, 7)], "start: operator", rollout_steps=1).begin()
    loop.run(lambda: len(loop.of(Episode)) == 1)
    assert loop.of(Safety)[-1].reason == "controlled stop: no answer could be applied"
    assert not loop.of(Transition) and not loop.of(Reward)
    assert (loop.of(Episode)[0].length, loop.of(Episode)[0].episode_return) == (0, 0.0)
    loop.answer = balance
    loop.begin().steps(2)
    times = [(message.rollout, message.step) for message in loop.of(Observation)]
    assert sorted(set(times)) == times  # no step is said twice


class OperatedLoop(Loop):
    """A robot whose operator hears all that it says, and is heard."""

    def __init__(self, folder: Path, lines: str, **parameters: Any) -> None:
        self.operator = RobotTeleoperator("CartPole-v1", "scripted", episodes=1)
        super().__init__(folder, lines=lines, **parameters)

    def obey(self, *commands: OperatorCommand) -> "OperatedLoop":
        for command in commands:
            self._answer(self.operator._obey(command))
        self._answer(self.operator.tick())
        return self

    def _take(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.said.append(message)
            if isinstance(message, (Observation, Transition, Episode)):
                self.operator.hear(message)
                self._answer(self.operator.tick())

    def _answer(self, messages: Iterable[Message]) -> None:
        for message in list(messages):
            if isinstance(message, (Action, Begin, Order)):
                self.hear(message)


def test_after_an_episode_in_which_nothing_was_done_the_operator_is_obeyed(tmp_path):
    fault = tmp_path / "fault"
    fault.write_text("outside")
    lines = f"start: operator\nparameters: {{fault: {fault}}}\nlimits: {{cart: {{position: [-2.6, 2.6]}}}}"
    loop = OperatedLoop(tmp_path, lines, rollout_steps=1).obey("arm")
    loop.run(lambda: len(loop.of(Episode)) == 1)
    assert not loop.of(Transition) and loop.operator.seat.drives
    fault.unlink()
    loop.obey("arm", "go", "go").steps(3)
    assert {message.reason for message in loop.of(Command)[-2:]} == {""}
    assert loop.operator.seat.driven.length == len(loop.of(Transition)) >= 2


def test_what_was_likely_in_one_episode_is_not_said_of_the_next(tmp_path):
    def answer(seen: Observation) -> Iterable[Message]:
        yield Action(seen.rollout, seen.step, np.array([1]), np.array([-0.5], np.float32), 0)

    loop = Loop(tmp_path, answer, "start: operator", rollout_steps=1, episode_steps=2).begin()
    loop.run(lambda: len(loop.of(Episode)) == 1)
    assert [float(m.log_prob[0, 0]) for m in loop.of(Transition)] == [-0.5, -0.5]
    loop.answer = lambda seen: ()
    loop.hear(Begin(0, 0, "go"))
    assert loop.node.trail.action is None and loop.node.trail.log_prob.tolist() == [0.0]


@pytest.mark.parametrize(
    ("asked", "limit", "torque", "applied"),
    [(1.7, 2, 2.0, 1.0), (-1.2, 2, -2.0, -1.0), (0.25, 2, 0.5, 0.25), (1.7, 1, 1.0, 0.5), (0.75, 1, 1.0, 0.5)],
)
@pytest.mark.parametrize("version", [0, -1])
def test_a_policys_action_is_learnt_from_as_it_was_drawn_a_persons_as_it_was_applied(
    tmp_path, asked, limit, torque, applied, version
):
    """A policy's likelihood is that of the draw, whatever the bounds and the guard make of it."""
    robot = motor(tmp_path, f"start: automatic\nlimits: {{torque: {{position: [-{limit}, {limit}]}}}}")

    def answer(seen: Observation) -> Iterable[Message]:
        yield Action(seen.rollout, seen.step, np.array([[asked]], np.float32), np.array([-3.0], np.float32), version)

    loop = Loop(tmp_path, answer, file=robot, env="Pendulum-v1", rollout_steps=1)
    loop.run(lambda: bool(loop.of(Transition)))
    first = loop.of(Transition)[0]
    assert loop.of(Command)[0].applied.tolist() == [torque]
    assert (first.action.dtype, first.action.shape) == (np.float32, (1, 1, 1))
    assert first.action.item() == pytest.approx(applied if version == -1 else asked) and first.log_prob.item() == -3.0


def test_in_place_of_an_action_that_was_refused_the_one_before_is_learnt_from_with_its_likelihood(tmp_path):
    draws = iter([(1.7, -3.0), (np.nan, -9.0), (0.5, -1.0)])

    def answer(seen: Observation) -> Iterable[Message]:
        for drawn, log_prob in [draw] if (draw := next(draws, None)) else []:
            yield Action(seen.rollout, seen.step, np.array([[drawn]], np.float32), np.array([log_prob], np.float32), 0)

    loop = Loop(tmp_path, answer, file=motor(tmp_path), env="Pendulum-v1", rollout_steps=3)
    loop.run(lambda: bool(loop.of(Transition)))
    learnt = loop.of(Transition)[0]
    assert learnt.action.ravel() == pytest.approx([1.7, 1.7, 0.5])
    assert learnt.log_prob.ravel().tolist() == [-3.0, -3.0, -1.0]


def test_a_command_was_written_when_its_writing_was_over(tmp_path):
    def answer(seen: Observation) -> Iterable[Message]:
        yield Action(seen.rollout, seen.step, np.zeros((1, 1), np.float32), np.zeros(1, np.float32), 0)

    loop = Loop(tmp_path, answer, file=motor(tmp_path), env="Pendulum-v1").steps(2)
    driver: Any = loop.node.robot.driver
    driver.over.clear()
    count = len(loop.of(Command))
    loop.steps(2)
    assert all(said.written >= over for said, over in zip(loop.of(Command)[count:], driver.over, strict=True))
    assert loop.node.pace.timing((0, 0), 0, 0).latency_mean >= 0.01  # the motor takes so long to be told


def test_nothing_moves_before_a_person_has_armed_it_and_begun(tmp_path):
    loop = Loop(tmp_path, lines="start: operator").ticks(3)
    loop.hear(Begin(0, 0, "too early"))
    assert loop.of(Observation) == []
    assert loop.of(Safety)[-1].reason == "cannot begin (too early): it was not armed yet"
    loop.hear(Order(0, 0, "arm", "all clear"))
    loop.ticks(3)
    assert loop.of(Observation) == []
    loop.hear(Begin(0, 0, "go"))
    loop.steps(3)
    assert [(message.state) for message in loop.of(Safety)][-2:] == ["armed", "moving"]


@pytest.mark.parametrize(
    ("start", "armed", "why"),
    [
        ("operator", False, "nobody has armed it: it was not armed yet"),
        ("operator", True, "no episode has begun: nobody has asked for one"),
        ("automatic", True, "no episode has begun: the robot has not reached a position in which one can begin"),
    ],
)
def test_a_run_in_which_no_episode_begins_ends_in_failure(tmp_path, monkeypatch, start, armed, why):
    monkeypatch.setattr(CartPole, "ready", lambda *_: False)
    loop = Loop(tmp_path, lines=f"start: {start}", patience=0.5)
    if armed:
        loop.hear(Order(0, 0, "arm", "all clear"))
    with pytest.raises(Refusal, match=f"^robot: nothing has moved for 0.5 s, and {why}$"):
        loop.run(lambda: False)


@pytest.mark.parametrize(("order", "state"), [("stop", "stopped"), ("disarm", "disarmed"), ("hlat", "stopped")])
def test_orders_end_the_episode_and_are_latched(tmp_path, order, state):
    loop = Loop(tmp_path, rollout_steps=1).steps(3)
    loop.hear(Order(0, 0, order, "smoke"))
    loop.run(lambda: len(loop.of(Episode)) == 1)
    assert loop.of(Safety)[-1].state == state and "smoke" in loop.of(Safety)[-1].reason
    assert loop.of(Transition)[-1].truncated.tolist() == [[True]]
    seen = len(loop.of(Observation))
    loop.ticks(5)
    assert len(loop.of(Observation)) == seen
    loop.hear(Order(0, 0, "arm", "aired"))
    loop.steps(2)


def test_a_fault_while_it_is_told_something_ends_the_episode_so_that_arming_does_not_revive_it(tmp_path):
    fault = tmp_path / "fault"

    def unplugged_once(seen: Observation) -> Iterable[Message]:
        if seen.step == 4:
            fault.write_text("unplugged")
            yield from balance(seen)
            fault.unlink()
            yield Order(0, 0, "arm", "plugged in again")
        else:
            yield from balance(seen)

    loop = Loop(tmp_path, unplugged_once, f"start: operator\nparameters: {{fault: {fault}}}").begin().steps(4)
    assert loop.node.guard.state == "armed" and not loop.node.trail.running
    assert [message.length for message in loop.of(Episode)] == [5]
    assert [message.state for message in loop.of(Safety)][-2:] == ["fault", "armed"]
    loop.hear(action(loop.of(Observation)[-1], 1))
    assert loop.of(Command)[-1].applied.size == 0 and loop.of(Command)[-1].reason == "fresh: no episode runs"


@pytest.mark.parametrize(("order", "state"), [("stop", "stopped"), ("disarm", "disarmed")])
def test_orders_before_there_is_a_device_are_not_forgotten(tmp_path, order, state):
    fault = tmp_path / "fault"
    fault.write_text("unplugged")
    loop = Loop(tmp_path, lines=f"start: automatic\nparameters: {{fault: {fault}}}")
    if order == "disarm":
        loop.run(lambda: loop.node.guard.state == "fault")  # it has tried
        state = "fault"
    loop.hear(Order(0, 0, order, "smoke"))
    fault.unlink()
    loop.ticks(5)
    assert loop.node.guard.state == state and not loop.of(Observation)
    loop.hear(Order(0, 0, "arm", "aired"))
    loop.steps(2)


def test_begin_cuts_the_running_episode(tmp_path):
    loop = Loop(tmp_path, rollout_steps=1, lines="start: operator").begin().steps(3)
    loop.hear(Begin(0, 3, "again"))
    assert loop.of(Episode)[-1].length == len(loop.of(Transition)) == 4
    assert loop.of(Transition)[-1].truncated.tolist() == [[True]]
    loop.steps(2)


def test_missed_deadlines_are_counted_and_left_out(tmp_path):
    loop = Loop(tmp_path).steps(3)
    time.sleep(0.3)  # the process was stopped for more than five periods
    loop.ticks(1)
    assert loop.node.pace.missed >= 4
    assert loop.node.guard.state == "stopped"  # what was answered last is too old by now
    *_, timing = loop.node.finish()
    assert isinstance(timing, Timing) and timing.deadlines_missed == loop.node.pace.missed


def test_the_last_word_is_how_time_was_kept(tmp_path):
    loop = Loop(tmp_path).steps(3)
    *_, safety, timing = loop.node.finish()
    assert isinstance(safety, Safety) and safety.state == "disarmed"
    assert isinstance(timing, Timing) and timing.stops == 0 and timing.rate_mean > 10


# The robot's file.


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("colour: red", "4:1: a robot's file has no key 'colour'; known: "),
        ("limits: {force: {position: [-20, 10]}}", "4:17: force: 'position' must be [low, high] within the device's range, -10 to 10 N"),
        ("limits: {force: {position: [1]}}", "4:17: force: 'position' must be [low, high] within the device's range, -10 to 10 N"),
        ("limits: {froce: {rate: 1}}", "4:10: limits has no key 'froce'; did you mean 'force'?"),
        ("limits: {force: {rate: -5}}", "4:24: force: 'rate' must be a number above 0, but is -5"),
        ("limits: {force: {rate: .inf}}", "4:24: force: 'rate' must be a number above 0, but is inf"),
        ("limits: {force: {step: 0, measured: cart}}", "4:24: force: 'step' must be a number above 0, but is 0"),
        ("limits: {force: {step: -1, measured: cart}}", "4:24: force: 'step' must be a number above 0, but is -1"),
        ("limits: {force: {safe: .nan}}", "4:24: force: 'safe' must be a number, but is nan"),
        ("limits: {force: {safe: 11}}", "4:24: force: 'safe' must be within its position, -10 to 10 N, but is 11"),
        ("limits: {force: {position: [-1, 2], safe: -2}}", "4:43: force: 'safe' must be within its position, -1 to 2 N, but is -2"),
        ("limits: {force: {position: [1, 2]}}", "4:17: force: 'safe' must be within its position, 1 to 2 N, but is 0"),
        ("limits: {force: {position: [.nan, 2]}}", "4:17: force: 'position' must be [low, high] within the device's range"),
        ("limits: {force: {measured: cart}}\ncalibration: {cart: {zero: 1}}", "4:28: force: it is measured by 'cart', so both need the same calibration"),
        ("stuck: -1", "4:8: a robot's file: 'stuck' must be a number above 0, or 0, but is -1"),
        ("stuck: .inf", "4:8: a robot's file: 'stuck' must be a number above 0, or 0, but is inf"),
        ("ages: {apply: .nan}", "4:15: ages: 'apply' must be a number above 0, but is nan"),
        ("ages: {hold: .inf}", "4:14: ages: 'hold' must be a number above 0, but is inf"),
        ("calibration: {pole: {zero: .nan}}", "4:28: pole: 'zero' must be a number, but is nan"),
        ("limits: {pole: {rate: 1}}", "4:17: pole is only observed: it has no 'rate'"),
        ("limits: {force: {step: 1}}", "4:17: force: 'step' counts from a reading: say from which one, measured: NAME"),
        ("limits: {force: {step: 1, measured: carp}}", "4:37: 'carp' is not observed; did you mean 'cart'?"),
        ("limits: {force: {moves: [cart, carp]}}", "4:25: 'carp' is not observed; did you mean 'cart'?"),
        ("limits: {force: {moves: cart}}", "4:25: force: 'moves' must be a list, each element a string, but is the string 'cart'"),
        ("limits: {force: {stuck: 1}}", "4:18: force is only commanded: say 'stuck' of a reading that it moves"),
        ("limits: {pole: {stuck: -1}}", "4:24: pole: 'stuck' must be a number above 0, or 0, but is -1"),
        ("limits: {pole: {moves: [cart]}}", "4:17: pole is only observed: it has no 'moves'"),
        ("ages: {apply: 3, hold: 2}", "4:7: ages: 'apply' must be more than 0, and 'hold' no less than it"),
        ("ages: {apply: 2, hold: 6}", "4:7: ages: at 50 Hz 'apply' and 'hold' may be at most 2 and 5 periods (40 and 100 ms)"),
        ("calibration: {pole: {direction: 2}}", "4:21: pole: 'direction' must be 1 or -1, but is 2"),
        ("parameters: {prot: x}", "4:14: Cart has no parameter 'prot'; known: fault, log"),
        ("start: never", "4:8: a robot's file: 'start' must be 'operator' or 'automatic', but is the string 'never'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_robots_file_is_said_with_its_place(tmp_path, lines, problem):
    with pytest.raises(Refusal) as error:
        load(cart(tmp_path, lines))
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rate: 50", "needs 'driver'"),
        (f"driver: {CART}:Cart\nrate: 50\ntask: Cartpole", "3:7: there is no task Cartpole; did you mean 'CartPole-v1'?"),
        (f"driver: {CART}:Cart\nrate: .nan\ntask: CartPole-v1", "2:7: a robot's file: 'rate' must be a number above 0, but is nan"),
        (f"driver: {CART}:Cart\nrate: -50\ntask: CartPole-v1", "2:7: a robot's file: 'rate' must be a number above 0, but is -50"),
        (f"driver: {CART}:Cart\nrate: 0\ntask: CartPole-v1", "2:7: a robot's file: 'rate' must be a number above 0, but is 0"),
        (f"driver: {CART}:Card\nrate: 50\ntask: CartPole-v1", "has no Card; did you mean 'Cart'?"),
        (f"driver: {CART}:Cart\nrate: 50\ntask: Pendulum-v1", "the task needs 'joint', which the driver does not observe"),
    ],
)  # fmt: skip
def test_what_is_missing_in_a_robots_file(tmp_path, text, problem):
    (tmp_path / "cart.yaml").write_text(text)
    with pytest.raises(Refusal) as error:
        load(tmp_path / "cart.yaml")
    assert problem in str(error.value)


def test_a_robot_of_another_task_is_refused(tmp_path):
    with pytest.raises(Refusal, match="task is CartPole-v1, but env is Acrobot-v1: say env:=CartPole-v1"):
        load(cart(tmp_path), "Acrobot-v1")


def test_a_calibrated_channel_counts_from_its_zero_in_its_direction(tmp_path):
    lines = "calibration: {pole: {zero: 0.5, direction: -1}, force: {direction: -1}}"
    driver: Any = load(cart(tmp_path, lines)).driver
    driver.connect()
    assert driver.read().values.tolist() == [0.0, 0.0, 0.5, 0.0]
    assert driver.write(np.array([3.0])).tolist() == [3.0]
    assert driver.raw.force == -3.0


def test_what_a_calibrated_device_can_is_calibrated_too(tmp_path):
    calibration = "calibration: {pole: {zero: 10, direction: -1}, force: {zero: 4, direction: -1}}"
    robot = load(cart(tmp_path, calibration))
    assert [one[2:] for one in robot.driver.observes] == [(-3, 3), (-50, 50), (-90, 110), (-100, 100)]
    assert (robot.limits.low.tolist(), robot.limits.high.tolist()) == ([-6.0], [14.0])
    assert robot.driver.write(robot.limits.high).tolist() == [14.0]
    assert robot.driver.raw.force == -10.0  # type: ignore[attr-defined]
    with pytest.raises(Refusal, match="within the device's range, -6 to 14 N"):
        load(cart(tmp_path, f"{calibration}\nlimits: {{force: {{position: [-10, 10]}}}}"))


REACHING = """

class Arm(Motor):
    observes = (*Motor.observes, Channel("arm position", "rad", -3, 3))
    accepts = (Channel("arm", "rad", -3, 3), *Motor.accepts)
"""


def reaching(folder: Path, limits: str) -> Path:
    """The file of a robot with an arm of which its task knows nothing."""
    base = MOTOR.replace("[self.angle, 0.1]", "[self.angle, 0.1, 1.25][: len(self.observes)]")
    (folder / "arm.py").write_text(base + REACHING)
    (folder / "arm.yaml").write_text(
        f"driver: arm.py:Arm\ntask: Pendulum-v1\nrate: 20\nstart: automatic\nlimits: {limits}\n"
    )
    return folder / "arm.yaml"


@pytest.mark.parametrize(
    ("lines", "watched"),
    [
        ("", [500, 500, 500, 500]),
        ("stuck: 0.25", [250, 250, 250, 250]),
        ("stuck: 0", [0, 0, 0, 0]),
        ("limits: {pole: {stuck: 1}, cart: {stuck: 0}}", [0, 500, 1000, 500]),
        ("limits: {force: {moves: [pole, cart velocity]}}", [0, 500, 500, 0]),
        ("limits: {force: {moves: []}}", [0, 0, 0, 0]),
        ("limits: {force: {measured: cart}}", [500, 500, 0, 0]),
    ],
)
def test_which_readings_must_not_stand_still_under_commands(tmp_path, lines, watched):
    limits = load(cart(tmp_path, lines)).limits
    found = np.where(limits.moves[0] & (limits.stuck < 2**62), limits.stuck // 1_000_000, 0)
    assert found.tolist() == watched


def test_a_command_is_measured_by_the_reading_of_its_name_and_moves_that(tmp_path):
    (tmp_path / "arm.py").write_text(
        MOTOR.replace(
            "accepts = (", 'accepts = (Channel("joint", "rad", -9, 9), Channel("joint velocity", "m", -9, 9), '
        )
    )
    robot = tmp_path / "arm.yaml"
    robot.write_text(
        "driver: arm.py:Motor\ntask: Pendulum-v1\nrate: 20\n"
        "limits: {joint: {safe: 0, step: 0.1}, joint velocity: {safe: 0}}\n"
    )
    limits = load(robot).limits
    assert limits.measured.tolist() == [0, -1, -1]  # the second has another unit
    assert limits.moves.tolist() == [[True, True], [False, False], [False, False]]


@pytest.mark.parametrize("limits", ["{}", "{arm: {measured: arm position}}", "{arm: {position: [-1, 1]}}"])
def test_what_the_task_does_not_command_is_told_nothing_that_nobody_has_said(tmp_path, limits):
    with pytest.raises(Refusal, match="arm: the task does not command it: give its constant command, safe: "):
        load(reaching(tmp_path, limits))


def test_what_the_task_does_not_command_is_told_what_the_file_says(tmp_path):
    robot = load(reaching(tmp_path, "{arm: {measured: arm position, safe: 1.25}}"))
    assert robot.command(np.array([[1.0]], np.float32)).tolist() == [1.25, 2.0]


MADE = """
import gymnasium
from tutelage.tasks.pendulum import Pendulum

def endless():
    return gymnasium.make("Pendulum-v1").unwrapped

class Unregistered(gymnasium.Wrapper):
    spec = None

def limited():
    return Unregistered(gymnasium.wrappers.TimeLimit(endless(), 30))

class Endless(Pendulum):
    env = "endless_pendulum:endless"

class Limited(Pendulum):
    env = "endless_pendulum:limited"

class Counted(Endless):
    episode_steps = 40
"""


@pytest.mark.parametrize(("task", "told", "steps"), [("Limited", 0, 30), ("Counted", 0, 40), ("Endless", 50, 50)])
def test_an_episode_of_a_task_of_ones_own_ends_as_its_environment_or_its_class_says(
    tmp_path, monkeypatch, task, told, steps
):
    assert Hardware(unregistered(tmp_path, monkeypatch, task), episode_steps=told).episodes.most_steps == steps


def test_a_task_that_does_not_say_when_an_episode_ends_is_refused(tmp_path, monkeypatch):
    with pytest.raises(Refusal, match=r"endless_pendulum:endless, has no time limit: say .* episode_steps = NUMBER"):
        Hardware(unregistered(tmp_path, monkeypatch, "Endless"))


def unregistered(folder: Path, monkeypatch: pytest.MonkeyPatch, task: str) -> str:
    """The file of a robot whose task gymnasium does not know."""
    (folder / "motor.py").write_text(MOTOR)
    (folder / "endless_pendulum.py").write_text(MADE)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "endless_pendulum", raising=False)
    robot = folder / "motor.yaml"
    robot.write_text(f"driver: motor.py:Motor\ntask: endless_pendulum:{task}\nrate: 20\n")
    return str(robot)


def test_no_wall_clock_is_read_where_time_matters():
    rooms = Path(__file__).parents[2]
    for name in ("nodes/hardware.py", "drivers/actuation.py", "drivers/episodes.py", "drivers/trail.py", "drivers/guard.py", "drivers/pace.py", "tutelage/process.py", "tutelage/node_life.py", "tutelage/transport/bus.py"):  # fmt: skip
        source = (rooms / name).read_text()
        assert "time.time" not in source and "datetime" not in source, name
