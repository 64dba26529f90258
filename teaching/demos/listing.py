"""Demonstrations as text: a line for each episode, or one episode in full."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tutelage import output
from tutelage.files.weights import DISCRIMINATOR
from tutelage.input.problems import Problem, Refusal, printable
from tutelage.invocation import program
from tutelage.teaching.demos import likeness
from tutelage.teaching.demos.plot import curves
from tutelage.teaching.formats.trajectory import Demonstrations, Trajectory


class Row(NamedTuple):
    """An episode, as `demos list` shows it; unknown values are None."""

    file: str
    episode: int
    episode_return: float
    length: int
    ended: str
    verdict: str
    operator: str | None
    device: str | None
    when: str | None
    seed: int | None
    expert_logit: float | None = None


def scored(place: str, read: Callable[[str], Demonstrations]) -> tuple[list[Row], str]:
    """A row an episode, with its score if a run is named whose discriminator can score it; a sentence about them."""
    file = likeness.learned_from(place)
    shown = read(file)
    rows = [_row(file, one) for one in shown.trajectories]
    if not rows or not (Path(place) / DISCRIMINATOR).is_file():
        return rows, ""
    logits = likeness.expert_logits(Path(place), shown.trajectories)
    rows = [row._replace(expert_logit=logit) for row, logit in zip(rows, logits, strict=True)]
    return rows, likeness.sentence([row.episode for row in rows], logits)


def episode(file: str, shown: Demonstrations, number: int) -> Trajectory:
    """The episode of this number.

    Raises:
        Refusal: there is none.
    """
    for one in shown.trajectories:
        if one.number == number:
            return one
    raise Refusal([Problem(file, f"has no episode {number}: `{program()} demos list` shows what there is")])


def picture(file: str, one: Trajectory, width: int) -> str:
    """An episode: its known values, and a curve of each observation and action."""
    known = [
        f"{name.replace('_', ' ')} {value}" for name, value in _row(file, one)._asdict().items() if value is not None
    ]
    series = [*_numbers("observation", one.observation), *_numbers("action", one.action), ("reward", one.reward)]
    return printable("\n".join([", ".join(known), *curves(series, width)]))


def _row(file: str, one: Trajectory) -> Row:
    ended = "terminated" if one.terminated else "truncated" if one.truncated else "unfinished"
    said = one.verdict, one.operator or None, one.device or None, output.date(one.when), one.seed
    return Row(file, one.number, one.episode_return, len(one.action), ended, *said)


def _numbers(name: str, values: np.ndarray) -> list[tuple[str, np.ndarray]]:
    if values.ndim == 1:
        return [(name, values)]
    columns = values.reshape(len(values), -1).T
    return [(f"{name} {i}", column) for i, column in enumerate(columns)]
