"""What environments draw, as PNG files (ISO/IEC 15948), which every browser shows."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

from tutelage.input.problems import Refusal, complain
from tutelage.tasks.task import Task

FAST = 1
"""zlib's level: flat colours become small all the same"""


def draws(task: Task) -> bool:
    """Whether an environment can draw itself into an array; a function that makes it may take no `render_mode`."""
    try:
        environment = task.make("rgb_array")
    except Refusal:
        return False
    environment.close()
    return getattr(environment, "render_mode", None) == "rgb_array"


def steps_per_second(environment: Any) -> float:
    """The environment's own pace."""
    return float((environment.metadata or {}).get("render_fps", 30))


def picture(environment: Any) -> bytes:
    """What an environment draws now; nothing, and a sentence in the log, if it cannot."""
    try:
        return png(np.asarray(environment.render(), np.uint8))
    except Exception as error:  # an environment is foreign code; it may need a screen, or a package
        complain(f"{type(environment.unwrapped).__name__} cannot be drawn: {type(error).__name__}: {error}")
        return b""


def png(frame: np.ndarray) -> bytes:
    """A picture [height, width, 3] of bytes as a file."""
    height, width, _ = frame.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each begins with its filter, 0: none
    rows[:, 1:] = frame.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits, red green blue
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), FAST)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
