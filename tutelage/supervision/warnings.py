"""What is wrong with a run at the moment, said where people look."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tutelage.input.problems import complain
from tutelage.supervision.child import Child


class Warnings:
    """Says what has changed: to the run's screens, or where none of them answers on standard error, once each."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], str] = {}

    def say(self, now: dict[tuple[str, str], str], screens: Sequence[Child]) -> None:
        """`now` are the sentences by what they are about, which may be the same while its sentence changes."""
        if now == self._said:
            return
        news, self._said = sorted(now[what] for what in now.keys() - self._said.keys()), now
        order = f"warn {json.dumps(list(now.values()))}"
        for screen in screens:
            screen.tell(order)
        for sentence in news if not screens else ():
            complain(sentence)
