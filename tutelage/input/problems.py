"""The problems of the user's input: plain sentences, each with its place, reported all at once."""

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

    `where` is a place in a file, or the word of the command line. `hides` says that nodes may be missing because of
    it: then problems of missing nodes are not reported.
    """

    where: object
    what: str
    hides: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class Refusal(Exception):
    """The request cannot be carried out. `problems` are all the reasons; `str()` has one a line.

    `exit_code` is that of a command which is refused.
    """

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(dict.fromkeys(problems))
        super().__init__("\n".join(map(str, self.problems)))


class LaunchError(Refusal):
    """A launch file cannot be run."""


class _Unknown:
    """Replaces a value whose problem is already reported. It fits every type, so it causes no further problem."""


UNKNOWN = _Unknown()


def printable(text: str, keep: str = "\n\t") -> str:
    """Text that is safe on a terminal: characters that move its cursor or change its colours are escaped, as `\\x1b`.

    Names and sentences in files come from others. Line ends stay, unless `keep` is empty.
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in keep else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def complain(sentence: str) -> None:
    """Prints a problem to standard error. If that is a file on a full disk, nothing is printed."""
    with contextlib.suppress(OSError):
        os.write(2, f"{printable(sentence)}\n".encode(errors="replace"))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint for an unknown word: the nearest known one, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known: {', '.join(names) or 'none'}"
