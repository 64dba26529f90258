"""An arm with the interface that LeRobot documents for its `Robot` and `Teleoperator`. It is not LeRobot."""

from __future__ import annotations

from typing import Any


class Config:
    def __init__(self, port: str, most: float = 5.0) -> None:
        self.port, self.most = port, most


class Arm:
    """Joints that go where they are told, by no more than the configured step; one has a camera."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.joints = {"pan.pos": 1.0, "lift.pos": -2.0}
        self.is_connected = False
        self.sent: list[dict[str, float]] = []
        self.pulled = False

    @property
    def observation_features(self) -> dict[str, Any]:
        return {"pan.pos": float, "lift.pos": float, "wrist": (480, 640, 3)}

    @property
    def action_features(self) -> dict[str, Any]:
        return {"pan.pos": float, "lift.pos": float, "gripper.pos": float}

    def connect(self, calibrate: bool = True) -> None:
        assert not calibrate
        if self.config.port == "nowhere":
            raise ConnectionError("no such port")
        self.is_connected = True

    def get_observation(self) -> dict[str, Any]:
        if self.pulled:
            raise ConnectionError("no status packet")
        return {**self.joints, "wrist": object()}

    def send_action(self, action: dict[str, float]) -> dict[str, float]:
        most = self.config.most
        sent = {}
        for name, goal in action.items():
            here = self.joints.get(name, 0.0)
            sent[name] = self.joints[name] = min(here + most, max(here - most, goal))
        self.sent.append(sent)
        return sent

    def get_action(self) -> dict[str, float]:
        return {"pan.pos": 7.0, "lift.pos": 8.0, "gripper.pos": 9.0}

    def disconnect(self) -> None:
        assert self.is_connected
        self.is_connected = False
