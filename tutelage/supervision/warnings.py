"""Shows people what is wrong with a run."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tutelage.input.problems import complain
from tutelage.supervision.child import Child


class Warnings:
    """Sends warnings to the run's screens; if none answers, prints each once to standard error."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], str] = {}

    def say(self, now: dict[tuple[str, str], str], screens: Sequence[Child]) -> None:
        """Shows the warnings if they have changed. `now` has the sentences by subject; a sentence may change."""
        if now == self._said:
            return
        news, self._said = sorted(now[what] for what in now.keys() - self._said.keys()), now
        order = f"warn {json.dumps(list(now.values()))}"
        for screen in screens:
            screen.tell(order)
        for sentence in news if not screens else ():
            complain(sentence)
