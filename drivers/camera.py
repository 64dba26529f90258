"""A camera, or a video in its place, by OpenCV. It needs the extra `camera`."""

from __future__ import annotations

import time
from typing import Any

from tutelage.input.problems import Problem, Refusal, complain
from tutelage.invocation import installing

AGAIN_SECONDS = 1.0
"""How long it is left alone after it could not be seen."""


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
        self.capture: Any = None
        self._again = 0.0
        self._said = False

    def picture(self) -> bytes:
        """A PNG file; empty, and a sentence in the log, while nothing can be seen."""
        if self.capture is None and time.monotonic() < self._again:
            return b""
        self.capture = self.capture or self._opened()
        seen, frame = self.capture.read()
        if not seen:
            self.close()
            self._again = time.monotonic() + AGAIN_SECONDS
            if not self._said:
                complain(f"camera {self.device} shows nothing at the moment; it is tried again every second")
            self._said = True
            return b""
        self._said = False
        return self._png(frame)

    def _opened(self) -> Any:
        self.cv2.setNumThreads(1)
        capture = self.cv2.VideoCapture(int(self.device) if self.device.isdigit() else self.device)
        capture.set(self.cv2.CAP_PROP_BUFFERSIZE, 1)  # a longer queue would show what was
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
