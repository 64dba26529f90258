"""Pictures as a video file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import installing


def write(path: Path, frames: Sequence[np.ndarray], fps: int) -> None:
    """Writes frames [height, width, 3] of bytes.

    Raises:
        Refusal: the extra that writes video is not installed, or the file cannot be written.
    """
    try:
        import imageio.v3 as imageio
    except ModuleNotFoundError as error:
        raise Refusal([Problem(path, f"writing video needs an extra: {installing('video')}")]) from error
    try:
        imageio.imwrite(path, np.stack(frames), fps=fps)
    except OSError as error:
        raise Refusal([Problem(path, f"cannot be written as video, name a file like video.mp4: {error}")]) from error
