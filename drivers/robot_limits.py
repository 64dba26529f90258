"""The limits in a robot's file (drivers/robot.py), read and checked: each problem has its place."""

from __future__ import annotations

from typing import Any

import numpy as np

from tutelage.drivers.calibration import Calibrated
from tutelage.drivers.driver import Channel, Driver
from tutelage.drivers.limits import Limits, Vector
from tutelage.drivers.moving import measured_by, moves
from tutelage.input.problems import Location, Problem, did_you_mean
from tutelage.input.types import checked, keys
from tutelage.input.yaml_marks import Item
from tutelage.tasks.robot_task import RobotTask

LIMIT = {
    "position": list[float],
    "step": float,
    "rate": float,
    "safe": float,
    "measured": str,
    "moves": list[str],
    "stuck": float,
}
OF_READINGS = {"position", "stuck"}
"""The keys of a channel that is only observed."""
AGES = {"apply": float, "hold": float}

NUMBERS = {
    **dict.fromkeys(("rate", "step", "apply", "hold"), "a number above 0"),
    **dict.fromkeys(("safe", "zero"), "a number"),
    "stuck": "a number above 0, or 0",
}
"""What numbers must be, by key."""

FAST_HZ, APPLY_MOST, HOLD_MOST = 50.0, 0.040, 0.100
"""From this rate on, how old an action may be to be applied, and to be held, in seconds."""


class LimitsReader:
    """Reads the limits of a robot's file and gathers their problems."""

    def __init__(self, items: dict[str, Item], hints: dict[str, Any], place: Location, problems: list[Problem]) -> None:
        self.items, self.place, self.problems = items, place, problems
        self.told = self._checked(items, hints, "a robot's file")

    def _say(self, place: Location | None, what: str) -> None:
        self.problems.append(Problem(place or self.place, what))

    def _checked(self, items: dict[str, Item], hints: dict[str, Any], what: str) -> dict[str, Any]:
        """Plain values by key, of the right types; numbers are numbers, and positive where they must be."""
        told = checked(items, hints, what, self.problems)
        for key in told.keys() & NUMBERS.keys():
            good = told[key] >= 0 if key == "stuck" else told[key] > 0 if "above" in NUMBERS[key] else True
            if not (np.isfinite(told[key]) and good):
                self._say(items[key].place, f"{what}: '{key}' must be {NUMBERS[key]}, but is {told[key]:g}")
        return told

    def _channels(self, key: str, known: list[Channel]) -> dict[str, Item]:
        """The entries of a mapping by channel."""
        item = self.items.get(key, Item({}, self.place))
        return keys(item, {channel.name: dict for channel in known}, key, self.problems)

    def _limits(self, driver: Driver, task: RobotTask) -> Limits:
        named = self._channels("limits", [*driver.observes, *driver.accepts])
        told = {
            name: self._checked(keys(item, LIMIT, name, self.problems), LIMIT, name) for name, item in named.items()
        }
        for name, item in named.items():
            self._check_limit(name, item, told[name], driver)
        for one in driver.accepts if not self.problems else ():
            is_measured = measured_by(one, driver.observes, told) is not None
            self._check_safe(one, named.get(one.name), told.get(one.name, {}), is_measured, one.name in task.accepts)
        apply, hold = self._ages()
        if self.problems:
            return None  # type: ignore[return-value]
        observed = [channel.name for channel in driver.observes]

        def by_channel(channels: tuple[Channel, ...], key: str, default: float) -> Vector:
            return np.array([told.get(one.name, {}).get(key, default) for one in channels], float)

        def bound(side: int) -> Vector:
            bounds = [told.get(one.name, {}).get("position", one[2:]) for one in driver.accepts]
            return np.array([both[side] for both in bounds], float)

        def observed_bound(side: int) -> Vector:
            bounds = [told.get(one.name, {}).get("position", (-np.inf, np.inf)) for one in driver.observes]
            return np.array([both[side] for both in bounds], float)

        measured = [measured_by(channel, driver.observes, told) for channel in driver.accepts]
        stuck = by_channel(driver.observes, "stuck", self.told.get("stuck", 0.5))
        return Limits(
            low=bound(0),
            high=bound(1),
            step=by_channel(driver.accepts, "step", np.inf),
            rate=by_channel(driver.accepts, "rate", np.inf),
            safe=by_channel(driver.accepts, "safe", 0.0),
            measured=np.array([observed.index(name) if name else -1 for name in measured]),
            observed_low=observed_bound(0),
            observed_high=observed_bound(1),
            moves=moves(driver, told),
            stuck=np.where(stuck == 0, 2**62, (1e9 * stuck).round()).astype(np.int64),
            period=round(1e9 / self.told["rate"]),
            apply=round(apply * 1e9),
            hold=round(hold * 1e9),
        )

    def _check_limit(self, name: str, item: Item, told: dict[str, Any], driver: Driver) -> None:
        channel = next(one for one in (*driver.accepts, *driver.observes) if one.name == name)
        low, high = (
            told.get("position", (channel.low, channel.high)) if len(told.get("position", "ab")) == 2 else (1, 0)
        )
        if not channel.low <= low < high <= channel.high:
            can = f"{channel.low:g} to {channel.high:g} {channel.unit}"
            self._say(item.place, f"{name}: 'position' must be [low, high] within the device's range, {can}")
        if name not in [one.name for one in driver.accepts]:
            for key in told.keys() - OF_READINGS:
                self._say(item.value[key].key, f"{name} is only observed: it has no '{key}'")
        elif "stuck" in told and name not in [one.name for one in driver.observes]:
            self._say(item.value["stuck"].key, f"{name} is only commanded: say 'stuck' of a reading that it moves")
        for reading in told.get("moves", ()):
            self._check_observed(reading, item.value["moves"].place, driver)
        if "step" in told and not measured_by(channel, driver.observes, {name: told}):
            self._say(item.place, f"{name}: 'step' counts from a reading: say from which one, measured: NAME")
        if "measured" in told:
            self._check_measured(name, told["measured"], item.value["measured"].place, driver)

    def _check_measured(self, name: str, reading: str, place: Location | None, driver: Driver) -> None:
        """A command that a reading measures must have the same calibration."""
        self._check_observed(reading, place, driver)
        if isinstance(driver, Calibrated) and driver.frame(name) != driver.frame(reading):
            self._say(place, f"{name}: it is measured by '{reading}', so both need the same calibration")

    def _check_observed(self, reading: str, place: Location | None, driver: Driver) -> None:
        observed = [one.name for one in driver.observes]
        if reading not in observed:
            self._say(place, f"'{reading}' is not observed; {did_you_mean(reading, observed)}")

    def _check_safe(
        self, channel: Channel, item: Item | None, told: dict[str, Any], measured: bool, commanded: bool
    ) -> None:
        """The safe command: at rest without a reading, always for a channel that the task ignores."""
        name, safe = channel.name, told.get("safe", 0.0)
        low, high = told.get("position", channel[2:])
        place = item.value.get("safe", item).place if item else self.items["driver"].place
        if "safe" not in told and not commanded:
            self._say(place, f"{name}: the task does not command it: give its constant command, safe: NUMBER")
        elif ("safe" in told or not measured) and not low <= safe <= high:
            what = f"{name}: 'safe' must be within its position, {low:g} to {high:g} {channel.unit}, but is {safe:g}"
            self._say(place, what)

    def _ages(self) -> tuple[float, float]:
        """How old an action may be to be applied, and to be held, in seconds."""
        item = self.items.get("ages", Item({}, self.place))
        told = self._checked(keys(item, AGES, "ages", self.problems), AGES, "ages")
        rate = self.told["rate"]
        apply, hold = told.get("apply", 2.0) / rate, told.get("hold", 5.0) / rate
        if not 0 < apply <= hold:
            self._say(item.place, "ages: 'apply' must be more than 0, and 'hold' no less than it")
        if rate >= FAST_HZ and (apply > APPLY_MOST or hold > HOLD_MOST):
            most = f"{APPLY_MOST * rate:g} and {HOLD_MOST * rate:g} periods"
            self._say(item.place, f"ages: at {rate:g} Hz 'apply' and 'hold' may be at most {most} (40 and 100 ms)")
        return apply, hold
