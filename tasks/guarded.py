"""A control law of a user's, which may raise anything: a sentence names it, and no node is restarted in vain."""

from __future__ import annotations

from functools import wraps

import numpy as np

from tutelage.input.problems import Problem, Refusal
from tutelage.tasks.entry import Law


def guarded(law: Law, name: str) -> Law:
    """The law, which raises a Refusal wherever the function of that name raises anything."""

    @wraps(law)
    def answer(observation: np.ndarray) -> int | np.ndarray:
        try:
            return law(observation)
        except Exception as error:  # foreign code may raise anything
            why = f"{type(error).__name__}: {error}".rstrip(".: ")
            what = f"{name} raised {why} for an observation of shape {list(observation.shape)}: mend the function"
            raise Refusal([Problem("operator", what)]) from error

    return answer
