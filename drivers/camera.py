"""A camera, or a video in its place, by OpenCV. It needs the extra `camera`."""

from __future__ import annotations

import time
from typing import Any

from tutelage.input.problems import Problem, Refusal, complain
from tutelage.invocation import installing

AGAIN_SECONDS = 1.0
"""How long it is left alone after it could not be seen."""

DRAIN_SECONDS, AWAITED_SECONDS = 0.05, 0.005
"""How long frames of a live device that have waited are left out; one that took longer than the second was awaited."""


class Camera:
    """The newest picture of a camera; the next one of a video, which begins again at its end.

    Args:
        device: the camera's number, its path, for example /dev/video0, or the path of a video.
        width: the most pixels of a picture's width.

    Raises:
        Refusal: OpenCV is missing.
    """

    def __init__(self, device: str, width: int) -> None:
        try:
            import cv2
        except ImportError as error:
            raise Refusal([Problem("camera", f"{error.name} cannot be imported: {installing('camera')}")]) from error
        self.cv2: Any = cv2
        self.device, self.width = device, width
        self.live = device.isdigit() or device.startswith("/dev/") or "://" in device
        self.capture: Any = None
        self._again = 0.0
        self._shown = self._said = False

    def picture(self) -> bytes:
        """A PNG file; empty, and a sentence in the log, while nothing can be seen."""
        if self.capture is None and time.monotonic() < self._again:
            return b""
        frame = self._frame()
        if frame is None and self._shown:  # a video has ended: it begins again
            self.close()
            frame = self._frame()
        self._shown = frame is not None
        if not self._shown:
            self._leave_alone()
            return b""
        self._said = False
        return self._png(frame)

    def _frame(self) -> Any:
        """The next frame of a video. Of a live device the newest: a network stream has a queue, of what was."""
        self.capture = self.capture or self._opened()
        seen, until = self.capture.grab(), time.monotonic() + DRAIN_SECONDS
        while seen and self.live and (began := time.monotonic()) < until:
            seen = self.capture.grab()
            if time.monotonic() - began > AWAITED_SECONDS:
                break
        return self.capture.retrieve()[1] if seen else None

    def _leave_alone(self) -> None:
        self.close()
        self._again = time.monotonic() + AGAIN_SECONDS
        if not self._said:
            complain(f"camera {self.device} shows nothing at the moment; it is tried again every second")
        self._said = True

    def _opened(self) -> Any:
        self.cv2.setNumThreads(1)
        capture = self.cv2.VideoCapture(int(self.device) if self.device.isdigit() else self.device)
        capture.set(self.cv2.CAP_PROP_BUFFERSIZE, 1)
        return capture

    def _png(self, frame: Any) -> bytes:
        height, width = frame.shape[:2]
        if width > self.width:
            frame = self.cv2.resize(frame, (self.width, round(height * self.width / width)))
        return bytes(self.cv2.imencode(".png", frame)[1])

    def close(self) -> None:
        if self.capture is not None:
            self.capture.release()
        self.capture = None
