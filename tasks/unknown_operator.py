"""An operator that nobody knows: a folder that is not there, or a word that was mistyped."""

from __future__ import annotations

import difflib
from pathlib import Path

from tutelage.input.problems import Problem, Refusal

WORDS = ("scripted", "keyboard", "gamepad", "browser")


def unknown_operator(operator: str, must: str) -> Refusal:
    """A refusal of an operator, which must be one of these."""
    if ("/" in operator or "." in operator) and not Path(operator).exists():
        return Refusal(
            [Problem("operator", f"is '{operator}', but there is no such file or folder: name one, or {must}")]
        )
    near = difflib.get_close_matches(operator, WORDS, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    return Refusal([Problem("operator", f"is '{operator}', but must be {must}{hint}")])
