"""A person at a terminal: a real pseudo-terminal, the command line in it, keys that are pressed, a screen that is read."""

from __future__ import annotations

import fcntl
import json
import os
import re
import struct
import termios
import threading
from pathlib import Path

import pyte

from tests.parts.forked import Forked
from tests.parts.run_cli import CLI, Run

LEFT, RIGHT, SPACE = "\x1b[D", "\x1b[C", " "


class Person(Run):
    """A run that somebody has started in a terminal."""

    def __init__(self, folder: Path, *arguments: str, columns: int = 100, lines: int = 30) -> None:
        self.run_dir = folder / "run"
        self.ours, self.theirs = os.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.modes = termios.tcgetattr(self.theirs)
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self._sent = bytearray()
        named = [] if "--resume" in arguments else ["--run-dir", str(self.run_dir)]
        words = ["launch", *arguments, *named]
        terminal = [Path(os.ttyname(self.theirs))] * 3
        self.process = Forked(CLI, words, terminal, folder, os.environ | {"TERM": "xterm-256color"})
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        try:
            while data := os.read(self.ours, 65536):
                self._sent += data
                self._stream.feed(data)
        except OSError:  # closed on both sides
            return

    @property
    def output(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def history(self) -> str:
        """All that was ever sent to the terminal."""
        return self._sent.decode()

    def press(self, *keys: str) -> None:
        for key in keys:
            os.write(self.ours, key.encode())

    def sees(self, text: str, seconds: float = 20) -> None:
        """Waits until it stands on the screen: a text, as a regular expression."""
        self.until(lambda: re.search(text, self.output) is not None, text, seconds)

    def restarts(self, node: str) -> int:
        """How often a node was started again."""
        path = self.run_dir / "processes.json"
        return int(json.loads(path.read_text())["nodes"].get(node, {"restarts": 0})["restarts"]) if path.exists() else 0

    def close(self) -> None:
        """Ends what still runs, and the terminal."""
        if self.process.poll() is None:
            self.kill()
        os.close(self.theirs)
        self._reader.join(10)  # whose number the next terminal may have: it would read that one's screen
        os.close(self.ours)
