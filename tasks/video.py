"""Pictures as a video file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import installing


def check(path: Path) -> None:
    """Checks that a video could be written, before anything is played.

    Raises:
        Refusal: the extra that writes video is not installed, or the file's folder or kind does not exist.
    """
    try:
        from imageio.config.extensions import video_extensions
    except ModuleNotFoundError as error:
        raise Refusal([Problem(path, f"writing video needs an extra: {installing('video')}")]) from error
    if path.suffix not in {kind.extension for kind in video_extensions}:
        raise Refusal([Problem(path, "is no kind of video: name a file like video.mp4")])
    if not path.parent.is_dir():
        raise Refusal([Problem(path, f"there is no folder {path.parent}")])


def write(path: Path, frames: Sequence[np.ndarray], fps: float) -> None:
    """Writes frames [height, width, 3] of bytes. Raises Refusal as `check`, or if the file cannot be written."""
    check(path)
    import imageio.v3 as imageio

    try:
        imageio.imwrite(path, np.stack(frames), fps=fps)
    except OSError as error:
        raise Refusal([Problem(path, f"cannot be written as video, name a file like video.mp4: {error}")]) from error
