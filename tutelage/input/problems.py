"""What is wrong with a launch file: plain sentences, each with its place, all of them at once."""

from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Location(NamedTuple):
    """A place in a file; lines and columns count from 1, as editors do."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Problem:
    """One sentence that says what is wrong and what to do.

    `where` is a place in a file, or the word of the command line. `hides` says that nodes may be missing because of it,
    so that what then seems to be missing elsewhere is no problem of its own.
    """

    where: object
    what: str
    hides: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class Refusal(Exception):
    """What was asked for cannot be done; `problems` are all the reasons, `str()` has one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(dict.fromkeys(problems))
        super().__init__("\n".join(map(str, self.problems)))


class LaunchError(Refusal):
    """A launch file cannot be run."""


class _Unknown:
    """Stands for a value whose problem has been said already: it fits everywhere, and is not complained of again."""


UNKNOWN = _Unknown()


def printable(text: str, keep: str = "\n\t") -> str:
    """Text as a terminal may show it: what would move its cursor or change its colours is written out, `\\x1b` for one.

    Names and sentences of files are others' text. Line ends stay, unless `keep` is empty.
    """
    return "".join(
        letter if letter.isprintable() or letter in keep else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def complain(sentence: str) -> None:
    """Says what is wrong on standard error. That may be a file on the very disk that is full: then it says nothing."""
    with contextlib.suppress(OSError):
        os.write(2, f"{printable(sentence)}\n".encode(errors="replace"))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """What to write instead of an unknown word: the nearest of the known ones, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known: {', '.join(names) or 'none'}"
