"""A gamepad: its left stick or its cross for discrete actions, its sticks for the numbers of continuous ones."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tutelage.input.problems import Problem, Refusal, did_you_mean
from tutelage.invocation import installing
from tutelage.tasks.known import axes_of
from tutelage.tasks.task import Task
from tutelage.teaching.devices.device import SESSION, Device, Moment, OperatorCommand, Words
from tutelage.teaching.devices.keys import KeyMap

AXES = {"left_x": 0, "left_y": 1, "right_x": 3, "right_y": 4, **{f"axis{n}": n for n in range(12)}}
BUTTONS = {0: "a", 1: "b", 2: "x", 3: "y", 6: "back", 7: "start"}
"""As most pads number them; another button is `button9`, another axis `axis2`. Up is negative."""

CONTROLS: dict[str, OperatorCommand] = {
    **{"start": "go", "a": "keep", "b": "discard", "x": "undo", "back": "finish"},
    **{"y": "arm", "button5": "stop"},
}

PUSHED = 0.5
"""How far a stick must be pushed to count as a direction."""


class Gamepad(Device):
    """A person with a gamepad.

    `axes` names an axis for each number of a continuous action, with a minus before it to invert it; `keys` maps
    buttons and directions, `rest` is the action without one (teaching/devices/keys.py). An axis
    within `dead_zone` of its middle is in its middle.
    """

    name, person = "gamepad", True

    def __init__(
        self,
        task: Task,
        axes: list[str] | None = None,
        keys: dict[str, Any] | None = None,
        rest: Any = None,
        dead_zone: float = 0.15,
    ) -> None:
        self.spaces, self.dead_zone = task.spaces, dead_zone
        self.map = KeyMap(task.env, task.spaces, keys, rest, CONTROLS)
        self.axes = [] if self.spaces.discrete else axes_named(axes or axes_of(task.env), self.spaces.action)
        self.legend = self.help(SESSION)
        self.values: dict[int, float] = {}  # of the axes, -1 to 1
        self.held: list[str] = []  # buttons and directions, the latest first
        self.wishes: list[OperatorCommand] = []
        self.gone = False
        self.pygame = _pygame()
        self.pads = _pads(self.pygame)
        if not self.pads:
            raise Refusal([Problem("gamepad", "there is no gamepad: plug one in, or drive with operator:=keyboard")])

    def commands(self, now: Moment) -> Sequence[OperatorCommand]:
        self._read()
        wishes, self.wishes = self.wishes, []
        if self.gone and now.phase == "driving":
            return ["stop", "go"]  # a robot stops, a simulator pauses
        return wishes

    def action(self, observation: np.ndarray, now: Moment) -> np.ndarray:
        self._read()
        if self.spaces.discrete:
            return self.map.action(self.held)
        numbers = [sign * shaped(self.values.get(axis, 0.0), self.dead_zone) for sign, axis in self.axes]
        if self.map.engaged is not None and not any(numbers):
            return self.map.engaged
        self.map.engaged = None
        return self.spaces.to_task(np.array(numbers, np.float32))

    def waits(self) -> bool:
        return self.map.waits(self.held)

    def help(self, words: Words) -> str:
        return self.map.legend(words, driving="" if self.spaces.discrete else "sticks")

    def engage(self, action: np.ndarray) -> None:
        self.map.engage(action)

    def _read(self) -> None:
        """Handles all events; no press between two calls is missed."""
        pygame = self.pygame
        for event in pygame.event.get():
            if event.type == pygame.JOYAXISMOTION:
                self.values[event.axis] = event.value
                if event.axis in (0, 1):
                    self._directions(event.value, ("left", "right") if event.axis == 0 else ("up", "down"))
            elif event.type == pygame.JOYHATMOTION:
                self._directions(event.value[0], ("left", "right"))
                self._directions(-event.value[1], ("up", "down"))
            elif event.type == pygame.JOYBUTTONDOWN:
                self.gone = False  # it was another one that was unplugged
                self._press(BUTTONS.get(event.button, f"button{event.button}"))
            elif event.type == pygame.JOYBUTTONUP:
                self._release(BUTTONS.get(event.button, f"button{event.button}"))
            elif event.type == pygame.JOYDEVICEREMOVED:
                self.gone, self.held, self.values = True, [], {}
            elif event.type == pygame.JOYDEVICEADDED:
                self.pads = _pads(pygame)
                self.gone = not self.pads  # it may be unplugged again by now

    def _directions(self, value: float, ways: tuple[str, str]) -> None:
        for name, pushed in zip(ways, (value <= -PUSHED, value >= PUSHED), strict=True):
            if pushed and name not in self.held:
                self._press(name)
            elif not pushed:
                self._release(name)

    def _press(self, name: str) -> None:
        self.held.insert(0, name)
        if self.spaces.discrete:
            self.map.press(name)
        if name in self.map.commands:
            self.wishes.append(self.map.commands[name])

    def _release(self, name: str) -> None:
        self.held = [held for held in self.held if held != name]

    def close(self) -> None:
        self.pygame.quit()


def shaped(value: float, dead_zone: float) -> float:
    """An axis with a dead zone: 0 within it, from there on linear to 1 (or -1) at its end."""
    beyond = max(0.0, abs(value) - dead_zone) / (1 - dead_zone)
    return float(np.copysign(min(1.0, beyond), value))


def axes_named(chosen: Sequence[str], count: int, known: Mapping[str, int] = AXES) -> list[tuple[int, int]]:
    """Sign and number of each axis, of those that a gamepad is `known` to have."""
    for name in chosen:
        if name.removeprefix("-") not in known:
            raise Refusal([Problem("gamepad", f"has no axis '{name}'; {did_you_mean(name, known)}")])
    if len(chosen) < count:
        raise Refusal([Problem("gamepad", f"the action has {count} numbers, axes names {len(chosen)}: name more")])
    return [(-1 if name.startswith("-") else 1, known[name.removeprefix("-")]) for name in chosen[:count]]


def _pygame() -> Any:
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # events, and no window
    os.environ.setdefault("SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS", "1")
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame
    except ModuleNotFoundError as error:
        raise Refusal([Problem("gamepad", f"needs an extra: {installing('gamepad')}")]) from error
    pygame.display.init()
    pygame.joystick.init()
    return pygame


def _pads(pygame: Any) -> list[Any]:
    """All gamepads, opened: without that they send no events."""
    return [pygame.joystick.Joystick(n) for n in range(pygame.joystick.get_count())]
