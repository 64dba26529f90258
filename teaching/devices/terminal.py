"""The launcher's terminal, key by key."""

from __future__ import annotations

import contextlib
import os
import re
import select
import sys
import termios

from tutelage.input.problems import Problem, Refusal

NAMES = {"\r": "enter", "\n": "enter", " ": "space", "\t": "tab", "\x7f": "backspace", "\b": "backspace"}

ARROWS_BY_CODE = {"A": "up", "B": "down", "C": "right", "D": "left"}
ARROWS = set(ARROWS_BY_CODE.values())

SEQUENCE = re.compile(r"\x1b(?:\[|O(?=[ABCD]))([?\d;:]*)([ABCDIOu])")
"""An arrow key in either mode of a terminal, the window entered or left, or an answer to ASK."""

BEGUN = re.compile(r"\x1b(?:\[[?\d;:]*|O)?")

ASK = "\x1b[>2u\x1b[?u\x1b[?1004h"
"""Report releases (the keyboard protocol of kitty, sw.kovidgoyal.net/kitty/keyboard-protocol), say whether you do, and
report when the window is left. Other terminals ignore it."""

REST = "\x1b[<u\x1b[?1004l"

RELEASED = "released "


class Terminal:
    """The launcher's terminal, which gives each key at once without echo. Ctrl-C still goes to the launcher.

    Raises:
        Refusal: standard input is no terminal.
    """

    def __init__(self) -> None:
        self._file = sys.__stdin__.fileno() if sys.__stdin__ else 0
        if not os.isatty(self._file):
            what = "needs a terminal as its standard input: start it in one, or let another operator drive"
            raise Refusal([Problem("keyboard", what)])
        self._before = termios.tcgetattr(self._file)
        self._ours = termios.tcgetattr(self._file)
        self._before[3] |= termios.ICANON | termios.ECHO  # a program before us may have been killed in another mode
        self._ours[3] &= ~(termios.ICANON | termios.ECHO)
        self._ours[6][termios.VMIN], self._ours[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self._file, termios.TCSANOW, self._ours)
        self._ours = termios.tcgetattr(self._file)
        self._bytes = b""
        self.releases = False
        self._write(ASK)

    def pressed(self) -> list[str]:
        """The keys that were pressed since the last call, and with RELEASED before it those that were released.

        An escape sequence may come in pieces.
        """
        came = b""
        try:
            while select.select([self._file], [], [], 0)[0] and (more := os.read(self._file, 1024)):
                came += more
        except OSError:  # the terminal is gone; the launcher hears of it, and ends the run
            return []
        found, self._bytes = split(self._bytes + came, whole=not came)
        self.releases |= "releases" in found
        return [key for key in found if key != "releases"]

    def _write(self, codes: str) -> None:
        with contextlib.suppress(OSError):  # it is gone
            os.write(self._file, codes.encode())

    def close(self) -> None:
        """The terminal as it was, unless somebody else has changed it since: a shell whose job was killed does."""
        self._write(REST)
        with contextlib.suppress(termios.error):  # it is gone
            if termios.tcgetattr(self._file) == self._ours:
                termios.tcsetattr(self._file, termios.TCSANOW, self._before)


def split(sent: bytes, whole: bool) -> tuple[list[str], bytes]:
    """Names of the keys that a terminal has sent, and the beginning of a sequence that has not ended.

    With `whole` nothing more comes: an incomplete sequence is then taken as it is.
    """
    names, text, i = [], sent.decode(errors="ignore"), 0
    while i < len(text):
        if text[i] != "\x1b":
            names.append(NAMES.get(text[i], text[i].lower()))
            i += 1
        elif found := SEQUENCE.match(text, i):
            names += _meaning(*found.groups())
            i = found.end()
        elif not whole and BEGUN.fullmatch(text, i):
            return names, text[i:].encode()
        else:
            names.append("escape")
            i += 1
    return names, b""


def _meaning(parameters: str, last: str) -> list[str]:
    """The key that a sequence reports, with its event: 1 is a press, 2 a repetition, 3 a release."""
    if last == "u":
        return ["releases"] if parameters.startswith("?") and int(parameters[1:] or 0) & 2 else []
    if last in "IO":  # the window was entered or left, and whoever left it cannot be seen to let go
        return [f"{RELEASED}all"] if last == "O" else []
    key, (_, _, event) = ARROWS_BY_CODE[last], parameters.partition(":")
    return [f"{RELEASED}{key}"] if event == "3" else [key]
