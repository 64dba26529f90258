"""Shows what a camera at a robot sees, to who drives and in a recording. It needs the extra `camera`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from tutelage import Message, Node
from tutelage.drivers import camera
from tutelage.messages import Picture, Safety
from tutelage.observers.listener import LEAST_CLAIM


class Camera(Node):
    """Publishes up to `rate` pictures a second, of at most `width` pixels, and ends with the robot.

    No node learns from them or waits for them. While nothing can be seen, nothing comes, and the robot goes on.
    """

    hears = (Safety,)
    says = (Picture,)
    clock = True
    keeps = ("number",)

    def __init__(self, device: str, rate: float = 10.0, width: int = 320) -> None:
        self.camera, self.period = camera.Camera(device, width), 1 / rate
        self.number, self.next = 0, 0.0

    def start(self) -> tuple[Message, ...]:
        os.nice(LEAST_CLAIM)
        return ()

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        os.nice(LEAST_CLAIM)

    def hear(self, message: Message) -> None:
        return

    def due(self) -> float:
        return self.next

    def tick(self) -> Iterator[Message]:
        self.next = time.monotonic() + self.period
        if seen := self.camera.picture():
            self.number += 1
            yield Picture(0, self.number, png=np.frombuffer(seen, np.uint8))

    def close(self) -> None:
        self.camera.close()
