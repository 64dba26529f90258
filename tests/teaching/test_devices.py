"""What devices make of what people do: keys through a real terminal, a gamepad that SDL itself plays."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.parts.run_cli import cli
from tutelage.input.problems import Refusal
from tutelage.tasks.task import Task, TaskSpaces
from tutelage.teaching.devices.automatic import Lawful, Replay
from tutelage.teaching.devices.device import TAKEOVER, Device, Moment
from tutelage.teaching.devices.gamepad import Gamepad, shaped
from tutelage.teaching.devices.keyboard import Keyboard, split
from tutelage.teaching.devices.keys import KeyMap
from tutelage.teaching.operators import device_of

DRIVING, READY, OVER = (Moment(phase, 0, 0) for phase in ("driving", "ready", "over"))
NOWHERE = np.zeros(4, np.float32)
RIGHT = 2  # of the cross, as SDL numbers it

LUNAR = {
    "LunarLander-v3": TaskSpaces(8, 4, True),
    "LunarLanderContinuous-v3": TaskSpaces(8, 2, False, -np.ones(2), np.ones(2)),
}


def spaces(env: str) -> TaskSpaces:
    return LUNAR.get(env) or Task(env).spaces


@pytest.mark.parametrize("sent, names", [
    (b"\x1b[D\x1b[C\x1b[A\x1b[B", ["left", "right", "up", "down"]),
    (b"\x1bOD\x1bOC", ["left", "right"]),
    (b"k \r\n\x7f\x08\tK", ["k", "space", "enter", "enter", "backspace", "backspace", "tab", "k"]),
    (b"\x1bq", ["escape", "q"]),
    ("ä\u20ac".encode(), ["ä", "\u20ac"]),
])  # fmt: skip
def test_what_a_terminal_sends_is_named(sent: bytes, names: list[str]) -> None:
    assert split(sent, whole=False) == (names, b"")


def test_a_sequence_may_come_in_pieces() -> None:
    for cut in (1, 2):
        names, left = split(b"\x1b[D"[:cut], whole=False)
        assert names == [] and split(left + b"\x1b[D"[cut:], whole=False) == (["left"], b"")
    assert split(b"\x1b", whole=True) == (["escape"], b"")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal as the standard input; what is written here is typed there."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as file:
        monkeypatch.setattr(sys, "__stdin__", file)
        yield ours
    os.close(ours)


def test_a_held_key_acts_until_it_was_not_told_of_for_a_while(typed: int) -> None:
    keyboard = Keyboard(Task("MountainCar-v0"), hold=60.0)
    os.write(typed, b"\x1b[D")
    assert [int(keyboard.action(NOWHERE, DRIVING)) for _ in range(3)] == [0, 0, 0]
    os.write(typed, b"\x1b[C")
    assert int(keyboard.action(NOWHERE, DRIVING)) == 2  # the later one of two
    keyboard.hold = 0.0
    assert int(keyboard.action(NOWHERE, DRIVING)) == 1  # let go: the task's rest
    keyboard.close()


@pytest.mark.parametrize("operator, sentence", [
    ("keybord", r"^operator: is 'keybord', but must be keyboard, .*; did you mean 'keyboard'\?$"),
    ("runs/nope", "^operator: is 'runs/nope', but there is no such file or folder: "),
])  # fmt: skip
def test_an_operator_that_nobody_knows_is_refused_with_what_was_meant(operator: str, sentence: str) -> None:
    with pytest.raises(Refusal, match=sentence):
        device_of(operator, Task("CartPole-v1"), {})


def test_without_a_rest_the_last_key_stays(typed: int) -> None:
    keyboard = Keyboard(Task("CartPole-v1"), hold=0.0)
    assert int(keyboard.action(NOWHERE, DRIVING)) == 0
    keyboard.hold = 60.0
    os.write(typed, b"\x1b[C")
    assert int(keyboard.action(NOWHERE, DRIVING)) == 1
    keyboard.hold = 0.0
    assert int(keyboard.action(NOWHERE, DRIVING)) == 1
    keyboard.close()


def test_command_keys_are_told_once(typed: int) -> None:
    keyboard = Keyboard(Task("CartPole-v1"), keys={"z": "undo", "j": 0})
    os.write(typed, b" kdzq")
    assert keyboard.commands(DRIVING) == ["go", "keep", "discard", "undo", "finish"]
    assert keyboard.commands(DRIVING) == []
    assert "space start, pause" in keyboard.legend and "j" in keyboard.legend
    keyboard.close()


def test_who_takes_over_goes_on_with_what_was_done_until_a_key_is_pressed(typed: int) -> None:
    keyboard = Keyboard(Task("CartPole-v1"))
    assert (
        keyboard.help(TAKEOVER)
        == "← → drive   space take over, give back   r arm   escape stop   backspace discard the last"
    )
    keyboard.engage(np.array(1))
    assert int(keyboard.action(NOWHERE, DRIVING)) == 1
    os.write(typed, b"\x1b[Dr\x1b")
    assert int(keyboard.action(NOWHERE, DRIVING)) == 0
    assert [*keyboard.commands(DRIVING), *keyboard.commands(DRIVING)] == ["arm", "stop"]
    keyboard.close()


@pytest.mark.parametrize("env, done, key, others", [
    ("MountainCar-v0", np.array(2), b"\x1b[D", (0, 1)),
    ("Pendulum-v1", np.array([1.75], np.float32), b"\x1b[C", (-2, 0)),
])  # fmt: skip
def test_also_where_there_is_a_rest_what_was_done_goes_on_until_a_key_is_pressed(
    typed: int, env: str, done: np.ndarray, key: bytes, others: tuple[int, int]
) -> None:
    keyboard = Keyboard(Task(env), hold=60.0)
    keyboard.engage(done)
    os.write(typed, b"r")
    assert [keyboard.action(NOWHERE, DRIVING) for _ in range(2)] == [done, done]
    os.write(typed, key)
    assert keyboard.action(NOWHERE, DRIVING) == others[0]
    keyboard.hold = 0.0
    assert keyboard.action(NOWHERE, DRIVING) == others[1]
    keyboard.close()


@pytest.mark.parametrize("env, held, action", [
    ("CartPole-v1", ["right"], 1),
    ("MountainCar-v0", [], 1),
    ("Acrobot-v1", ["left"], 0),
    ("LunarLander-v3", ["up"], 2),
    ("LunarLander-v3", [], 0),
    ("MountainCarContinuous-v0", ["left"], [-1.0]),
    ("Pendulum-v1", ["left"], [2.0]),  # in the task's unit, N m
    ("Pendulum-v1", ["left", "right"], [0.0]),
    ("LunarLanderContinuous-v3", ["up", "right"], [1.0, 1.0]),
    ("LunarLanderContinuous-v3", [], [-1.0, 0.0]),
])  # fmt: skip
def test_the_keys_of_each_task(env: str, held: list[str], action: Any) -> None:
    np.testing.assert_array_equal(KeyMap(env, spaces(env)).action(held), action)


def test_keys_of_tasks_that_are_not_known_move_between_the_bounds() -> None:
    arm = TaskSpaces(3, 2, False, np.array([-2.0, 0.0]), np.array([2.0, 4.0]))
    np.testing.assert_array_equal(KeyMap("any", arm).action(["left", "up"]), [-2.0, 4.0])
    np.testing.assert_array_equal(KeyMap("any", arm).action([]), [0.0, 2.0])


@pytest.mark.parametrize("keys", [{"left": 2}, {"left": "jump"}, {"left": [1]}, {"left": True}])
def test_a_key_without_a_meaning_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="key 'left': means"):
        KeyMap("CartPole-v1", spaces("CartPole-v1"), keys)


@pytest.mark.parametrize(
    ("env", "rest", "wanted"),
    [
        ("CartPole-v1", 5, "an action from 0 to 1"),
        ("CartPole-v1", [0], "an action from 0 to 1"),
        ("CartPole-v1", True, "an action from 0 to 1"),
        ("Pendulum-v1", 0, "1 numbers"),
        ("Pendulum-v1", [0, 0], "1 numbers"),
    ],
)
def test_a_rest_that_is_no_action_of_the_task_is_refused(env: str, rest: Any, wanted: str) -> None:
    with pytest.raises(Refusal, match=rf"^rest: means {re.escape(str(rest))}: give {wanted}$"):
        KeyMap(env, spaces(env), rest=rest)


class Pad:
    """A gamepad without a plug: SDL's own virtual one, which it takes for real from its driver on."""

    def __init__(self) -> None:
        import pygame

        pygame.display.init()
        pygame.joystick.init()
        self.pump = pygame.event.pump
        self.sdl = ctypes.CDLL(pygame.base.__file__)  # what it is linked with is found through it
        self.sdl.SDL_JoystickOpen.restype = ctypes.c_void_p
        self.plug()

    def plug(self) -> None:
        self.index = self.sdl.SDL_JoystickAttachVirtual(1, 6, 11, 1)  # a gamepad's axes, buttons, cross
        assert self.index >= 0
        self.handle = ctypes.c_void_p(self.sdl.SDL_JoystickOpen(self.index))

    def unplug(self) -> None:
        self.sdl.SDL_JoystickClose(self.handle)
        assert self.sdl.SDL_JoystickDetachVirtual(self.index) == 0

    def push(self, axis: int, value: float) -> None:
        self.sdl.SDL_JoystickSetVirtualAxis(self.handle, axis, ctypes.c_int16(round(32767 * value)))

    def cross(self, direction: int) -> None:
        self.sdl.SDL_JoystickSetVirtualHat(self.handle, 0, ctypes.c_uint8(direction))

    def tap(self, button: int) -> None:
        for pressed in (1, 0):
            self.sdl.SDL_JoystickSetVirtualButton(self.handle, button, ctypes.c_uint8(pressed))
            self.pump()  # a virtual one shows no more than how it is when it is looked at


@pytest.fixture
def pad(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pad]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS", "1")
    import pygame

    yield Pad()
    pygame.quit()


def test_sticks_crosses_and_buttons_of_a_gamepad(pad: Pad) -> None:
    device = Gamepad(Task("MountainCar-v0"))
    assert int(device.action(NOWHERE, DRIVING)) == 1
    pad.push(0, -0.9)
    assert int(device.action(NOWHERE, DRIVING)) == 0
    pad.push(0, 0.1)
    assert int(device.action(NOWHERE, DRIVING)) == 1
    pad.cross(RIGHT)
    assert int(device.action(NOWHERE, DRIVING)) == 2
    for button in (7, 0, 1, 2, 6):
        pad.tap(button)
    assert device.commands(DRIVING) == ["go", "keep", "discard", "undo", "finish"]
    pad.unplug()
    assert device.commands(DRIVING) == ["stop", "go"]  # pauses
    assert int(device.action(NOWHERE, DRIVING)) == 1
    pad.plug()
    pad.unplug()  # before it was looked at
    assert device.commands(DRIVING) == ["stop", "go"]
    pad.plug()
    assert device.commands(DRIVING) == []
    pad.push(0, -0.9)
    assert int(device.action(NOWHERE, DRIVING)) == 0


def test_who_has_a_second_gamepad_may_go_on_with_it(pad: Pad) -> None:
    other = Pad()
    device = Gamepad(Task("MountainCar-v0"))
    assert device.commands(DRIVING) == []
    pad.unplug()
    assert device.commands(DRIVING) == ["stop", "go"]
    other.tap(7)
    assert device.commands(DRIVING) == ["go"]
    assert device.commands(DRIVING) == []


def test_axes_become_the_numbers_of_an_action(pad: Pad) -> None:
    device = Gamepad(Task("Pendulum-v1"), dead_zone=0.2)
    pad.push(0, -1.0)
    np.testing.assert_allclose(device.action(NOWHERE, DRIVING), [2.0], rtol=1e-4)
    pad.push(0, 0.19)
    np.testing.assert_array_equal(device.action(NOWHERE, DRIVING), [0.0])
    turned = Gamepad(Task("Pendulum-v1"), axes=["axis2"])
    pad.push(2, 1.0)
    np.testing.assert_allclose(turned.action(NOWHERE, DRIVING), [2.0], rtol=1e-4)
    with pytest.raises(Refusal, match="no axis 'left_z'; did you mean 'left_y'"):
        Gamepad(Task("Pendulum-v1"), axes=["left_z"])


def test_who_takes_over_with_a_gamepad_goes_on_with_what_was_done_until_a_stick_is_moved(pad: Pad) -> None:
    device = Gamepad(Task("Pendulum-v1"))
    device.engage(np.array([1.75], np.float32))
    pad.push(0, 0.1)  # within its dead zone
    pad.cross(RIGHT)  # which means nothing here
    assert device.action(NOWHERE, DRIVING) == [1.75]
    pad.push(0, -1.0)
    np.testing.assert_allclose(device.action(NOWHERE, DRIVING), [2.0], rtol=1e-4)
    pad.push(0, 0.0)
    assert device.action(NOWHERE, DRIVING) == [0.0]
    turning = Gamepad(Task("MountainCar-v0"))
    turning.engage(np.array(2))
    assert int(turning.action(NOWHERE, DRIVING)) == 2
    pad.push(0, -0.9)
    assert int(turning.action(NOWHERE, DRIVING)) == 0


def test_a_dead_zone_leaves_no_step() -> None:
    assert [shaped(value, 0.2) for value in (0.0, 0.2, -0.2, 0.6, -0.6, 1.0, -1.0)] == pytest.approx(
        [0.0, 0.0, 0.0, 0.5, -0.5, 1.0, -1.0]
    )


def test_without_a_gamepad_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_JOYSTICK_DEVICE", "")
    with pytest.raises(Refusal, match="gamepad: there is no gamepad: plug one in"):
        device_of("gamepad", Task("CartPole-v1"), {})


def test_a_device_without_a_person_starts_and_keeps_each_episode() -> None:
    device = device_of("scripted", Task("CartPole-v1"), {})
    assert isinstance(device, Lawful) and not device.person
    assert (device.commands(READY), device.commands(DRIVING), device.commands(OVER)) == (["go"], [], ["keep"])
    assert int(np.asarray(device.action(np.array([0, 0, 1.0, 0]), DRIVING))) == 1


def dataset(path: Path) -> Path:
    """Two episodes of CartPole, of two and of three steps."""
    ends = np.array([0, 1, 0, 0, 1], bool)
    np.savez(
        path, observations=np.zeros((5, 4), np.float32), next_observations=np.ones((5, 4), np.float32),
        actions=np.array([0, 1, 1, 1, 0]), rewards=np.ones(5), terminals=ends, truncations=np.zeros(5, bool),
    )  # fmt: skip
    return path


def test_a_file_is_replayed_action_by_action(tmp_path: Path) -> None:
    device = device_of(str(dataset(tmp_path / "two.npz")), Task("CartPole-v1"), {})
    assert isinstance(device, Replay) and device.name == "two.npz"
    second = [device.action(NOWHERE, Moment("driving", 1, step)) for step in range(4)]
    assert [None if action is None else int(action) for action in second] == [1, 1, 0, None]
    assert device.action(NOWHERE, Moment("driving", 2, 0)) is None  # beside a policy nobody asks whether it is over
    assert device.commands(Moment("ready", 1, 0)) == ["go"]
    assert device.commands(Moment("ready", 2, 0)) == ["finish"]


class Pedals(Device):
    """A device of somebody's own."""

    name, person = "pedals", True

    def __init__(self, task: Task, gas: float = 1.0) -> None:
        self.gas = gas

    def action(self, observation: np.ndarray, now: Moment) -> np.ndarray:
        return np.array([self.gas])


def test_a_device_of_ones_own_is_named_by_its_module() -> None:
    device = device_of("tests.teaching.test_devices:Pedals", Task("Pendulum-v1"), {"gas": 0.5})
    np.testing.assert_array_equal(device.action(NOWHERE, DRIVING), [0.5])


@pytest.mark.parametrize("operator, settings, message", [
    ("nobody", {}, "is 'nobody', but must be keyboard, gamepad, browser, scripted"),
    ("scripted", {"keys": {}}, "'scripted' has no settings"),
    ("keyboard", {"hodl": 1.0}, "keyboard has no setting 'hodl'; did you mean 'hold'"),
    ("keyboard", {"hold": "x"}, "'hold' must be a float, but is the string 'x'"),
    ("tests.teaching.test_devices:nobody", {}, "cannot be loaded"),
])  # fmt: skip
def test_who_cannot_drive_is_refused(operator: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(Refusal, match=message):
        device_of(operator, Task("CartPole-v1"), settings)


@pytest.mark.parametrize(
    ("device", "sentence"),
    [
        ("Divides", "Divides.action raised ZeroDivisionError: .*by zero: mend the device$"),
        ("Looks", "Looks.commands raised LookupError: no such pedal: mend the device$"),
    ],
)
def test_a_device_that_raises_ends_the_run_in_one_sentence_and_is_not_tried_again(
    device: str, sentence: str, tmp_path: Path
) -> None:
    words = ["record.yaml", f"operator:=tests.parts.clumsy:{device}", "episodes:=1", "--run-dir", tmp_path / "run"]
    done = cli("launch", *words, cwd=tmp_path)
    assert done.returncode == 1
    assert re.search(f"operator: tests.parts.clumsy:{sentence}", done.stdout, re.MULTILINE), done.stdout
    assert "Traceback" not in done.stdout + done.stderr and "restarted" not in done.stdout


def test_a_device_that_is_unplugged_is_no_error_in_it() -> None:
    device = device_of("tests.parts.clumsy:Unplugged", Task("CartPole-v1"), {})
    with pytest.raises(OSError, match="no such device"):
        device.action(np.zeros(4), Moment("driving", 0, 0))
