"""Messages of one topic as rows of CSV: a line of titles, then a line for each message, its arrays flattened."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from tutelage.input.problems import Problem, Refusal
from tutelage.observers.listener import Heard
from tutelage.output import plain


class Rows:
    """Writes rows; the first message decides the columns.

    Args:
        field: only this one of the message's fields.
    """

    def __init__(self, field: str | None = None) -> None:
        self.field = field
        self.titles: list[str] = []

    def text(self, heard: Heard) -> str:
        """The row of a message, after the titles where it is the first.

        Raises:
            Refusal: its arrays have another size than the first message's.
        """
        cells = [cell for name, value in self._values(heard).items() for cell in _cells(name, value)]
        titles = [title for title, _ in cells]
        first, self.titles = not self.titles, self.titles or titles
        if titles != self.titles:
            what = f"a message has {len(titles)} columns, the first had {len(self.titles)}: use --json, or --field"
            raise Refusal([Problem(heard.topic, what)])
        row = _line(value for _, value in cells)
        return f"{_line(titles)}\n{row}" if first else row

    def _values(self, heard: Heard) -> dict[str, Any]:
        names = [field.name for field in heard.message.declared]
        if self.field:
            return {self.field: getattr(heard.message, self.field)}
        header = {"sender": heard.header.sender, "sequence": heard.header.sequence, "sent_ns": heard.header.sent}
        return header | {"lost": heard.lost} | {name: getattr(heard.message, name) for name in names}


def _cells(name: str, value: Any) -> list[tuple[str, Any]]:
    """The columns of a field: an array has one for each number, all others have one; a dict or list is JSON."""
    if isinstance(value, np.ndarray):
        return [(f"{name}[{i}]", number) for i, number in enumerate(value.ravel().tolist())]
    if isinstance(value, dict | list):
        return [(name, json.dumps(plain(value, full=True)))]
    return [(name, value.hex() if isinstance(value, bytes) else value)]


def _line(cells: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
