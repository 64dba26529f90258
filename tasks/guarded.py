"""A control law of a user's, which may raise or answer anything: a sentence names it, and nothing is learned of it."""

from __future__ import annotations

import reprlib
from functools import wraps
from typing import Any

import numpy as np

from tutelage.finite import within
from tutelage.input.problems import Problem, Refusal
from tutelage.tasks.entry import Law
from tutelage.tasks.task import TaskSpaces


def guarded(law: Law, name: str, spaces: TaskSpaces) -> Law:
    """The law, which raises a Refusal wherever the function of that name raises anything, or answers no action."""

    @wraps(law)
    def answer(observation: np.ndarray) -> int | np.ndarray:
        try:
            said = law(observation)
            given = np.array(said)  # a copy: the function may write to its own array at each step
        except Exception as error:  # foreign code may raise anything
            why = f"{type(error).__name__}: {error}".rstrip(".: ")
            what = f"{name} raised {why} for an observation of shape {list(observation.shape)}: mend the function"
            raise Refusal([Problem("operator", what)]) from error
        if not _fits(given, spaces):
            kind = f"a whole number from 0 to {spaces.action - 1}" if spaces.discrete else f"numbers [{spaces.action}]"
            what = f"{name} answered {_short(said)}, but must give an action, {kind}: mend the function"
            raise Refusal([Problem("operator", what)])
        return int(given) if spaces.discrete else given

    return answer


def _fits(given: np.ndarray, spaces: TaskSpaces) -> bool:
    """Whether this is an action. A choice may be said as 1.0 or true."""
    if given.shape != (() if spaces.discrete else (spaces.action,)) or given.dtype.kind not in "biuf":
        return False
    return within(given) and (not spaces.discrete or given in range(spaces.action))


def _short(said: Any) -> str:
    return " ".join(reprlib.repr(said).split())
