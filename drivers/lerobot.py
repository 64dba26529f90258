"""Any robot or teleoperator that LeRobot has a class for, as a driver.

    robot: lerobot.robots.so101_follower:SO101Follower
    config: lerobot.robots.so101_follower:SO101FollowerConfig
    arguments: {port: /dev/ttyACM0, id: my_arm, max_relative_target: 5.0}
    observes: [{name: shoulder_pan.pos, unit: deg, low: -100, high: 100}]
    accepts: [{name: shoulder_pan.pos, unit: deg, low: -100, high: 100}]

Channels have the names of LeRobot's features; the others, for example cameras, are ignored. LeRobot is
not among our dependencies: install it on the robot's computer, and calibrate with its `lerobot-calibrate` first.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tutelage.drivers.channels import channels
from tutelage.drivers.driver import Channel, ClosingDriver, DriverError, Reading, failing


class LeRobotDevice(ClosingDriver):
    """Base of LeRobot's robots and teleoperators.

    It is `robot(config(**arguments))`, or `robot(**arguments)` without a config, made when it is connected. It is not
    calibrated then, since that moves it.
    """

    def __init__(
        self,
        robot: str,
        observes: list[dict[str, Any]],
        accepts: list[dict[str, Any]] | None = None,
        config: str | None = None,
        arguments: dict[str, Any] | None = None,
        rest: dict[str, float] | None = None,
    ) -> None:
        self.name, self._config, self._arguments = robot, config, arguments or {}
        self.observes = tuple(channels("observes", observes, Channel))
        self.accepts = tuple(channels("accepts", accepts or [], Channel))
        self._rest = rest or {}
        self.needs = {
            place.partition(":")[0].partition(".")[0]: f"install the package that has {place}, or correct the name"
            for place in filter(None, (config, robot))
        }
        self._device: Any = None

    @property
    def device(self) -> Any:
        if self._device is None:
            raise DriverError(f"{self.name}: is not connected")
        return self._device

    def _open(self) -> None:
        with self._failing("connect"):
            configured = [self._named(self._config)(**self._arguments)] if self._config else []
            device = self._named(self.name)(*configured, **({} if self._config else self._arguments))
            self._check(device)
            device.connect(calibrate=False)
        self._device = device

    def _disconnect(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            with self._failing("disconnect"):
                device.disconnect()

    def _check(self, device: Any) -> None:
        """Checks that it has the named features."""
        raise NotImplementedError

    def _missing(self, channels: Iterable[Channel], features: Mapping[str, Any]) -> None:
        for channel in channels:
            if features.get(channel.name) not in (float, int):
                numbers = ", ".join(name for name, kind in features.items() if kind in (float, int))
                raise DriverError(f"{self.name}: has no number '{channel.name}', only {numbers}")

    def _named(self, place: str) -> Any:
        module, _, name = place.partition(":")
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise DriverError(f"{place}: cannot be imported ({error}): install lerobot, or correct the name") from error

    def _failing(self, verb: str) -> AbstractContextManager[None]:
        """LeRobot declares no exceptions."""
        return failing(f"{self.name}: could not {verb}")


class LeRobotRobot(LeRobotDevice):
    """A robot. A stop holds it where it is; a channel that it accepts but does not observe must have its `rest`."""

    def read(self) -> Reading:
        before = time.monotonic_ns()
        with self._failing("read"):
            seen = self.device.get_observation()
            values = np.array([float(seen[channel.name]) for channel in self.observes])
        return Reading(values, (before + time.monotonic_ns()) // 2)

    def write(self, command: NDArray[np.float64]) -> NDArray[np.float64]:
        told = {channel.name: float(value) for channel, value in zip(self.accepts, command, strict=True)}
        with self._failing("write"):
            sent = self.device.send_action(told)
            return np.array([float(sent[channel.name]) for channel in self.accepts])

    def stop(self) -> None:
        if self._device is not None and self.accepts:
            where = {channel.name: value for channel, value in zip(self.observes, self.read().values, strict=True)}
            self.write(np.array([self._rest.get(channel.name, where.get(channel.name)) for channel in self.accepts]))

    def _check(self, device: Any) -> None:
        self._missing(self.observes, device.observation_features)
        self._missing(self.accepts, device.action_features)
        unknown = {c.name for c in self.accepts} - {c.name for c in self.observes} - self._rest.keys()
        if unknown:
            names = ", ".join(sorted(unknown))
            raise DriverError(f"{self.name}: the robot's file does not say how to stop {names}: add it under rest")


class LeRobotTeleoperator(LeRobotDevice):
    """A teleoperator: what it observes is the action that its person shows. It accepts nothing, and cannot move."""

    def read(self) -> Reading:
        before = time.monotonic_ns()
        with self._failing("read"):
            shown = self.device.get_action()
            values = np.array([float(shown[channel.name]) for channel in self.observes])
        return Reading(values, (before + time.monotonic_ns()) // 2)

    def write(self, command: NDArray[np.float64]) -> NDArray[np.float64]:
        raise DriverError(f"{self.name}: a teleoperator takes no command")

    def stop(self) -> None:
        """It does not move."""

    def _check(self, device: Any) -> None:
        self._missing(self.observes, device.action_features)
