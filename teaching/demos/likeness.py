"""Which demonstrations do not look like the others, to the discriminator of a run that learned from them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from tutelage.files.weights import DISCRIMINATOR
from tutelage.graph import Graph
from tutelage.input.problems import Problem, Refusal
from tutelage.learning.reward_model import mean_expert_logit
from tutelage.tasks.finished_run import task_of
from tutelage.teaching.formats.trajectory import Trajectory

FAR = 5.0
"""deviations below the median, estimated from the median distance to it"""


def learned_from(place: str) -> str:
    """The file that the run in a folder learned from, if it was a file; otherwise the folder itself."""
    if not (Path(place) / DISCRIMINATOR).is_file():
        return place
    files = [file for node in Graph.of_run(Path(place)).nodes if (file := node.parameters.get("file"))]
    return str(files[0]) if files else place


def expert_logits(run: Path, trajectories: Sequence[Trajectory]) -> list[float]:
    """The mean expert_logit of each episode, by the run's discriminator: high = like the expert's, as it saw them.

    Raises:
        Refusal: the discriminator is of another task, or cannot be read.
    """
    file, spaces = run / DISCRIMINATOR, task_of(run).spaces
    try:
        tensors = load_file(file)
        alone = "change.scale" in tensors  # it sees states alone: there may be no actions
        acted = [one.action if alone else spaces.from_task(one.action) for one in trajectories]
        parts = [(one.observation.astype(np.float32), action) for one, action in zip(trajectories, acted, strict=True)]
        return [mean_expert_logit(tensors, spaces.without_bounds, *part) for part in parts]
    except (SafetensorError, LookupError, ValueError) as error:
        raise Refusal([Problem(file, f"cannot score these demonstrations: {error}")]) from error


def sentence(numbers: Sequence[int], logits: Sequence[float]) -> str:
    """Names the episodes that look much less like the expert's than the others do; empty if there are none."""
    middle = np.median(logits)
    deviation = 1.4826 * np.median(np.abs(np.asarray(logits) - middle))  # of a normal distribution
    far = [str(number) for number, logit in zip(numbers, logits, strict=True) if middle - logit > FAR * deviation]
    if not far:
        return ""
    which = f"episode {far[0]} looks" if len(far) == 1 else f"episodes {', '.join(far)} look"
    return f"{which} less like the expert's than the others do (expert_logit; their median is {middle:.2f})"
