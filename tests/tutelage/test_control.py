"""The socket by which people ask a launcher."""

from __future__ import annotations

import select
import tempfile
import threading
from pathlib import Path

from tutelage.supervision.control import BYTES, Control, ask


def test_a_question_and_its_answer_may_be_as_long_as_a_datagram() -> None:
    """On macOS a socket takes 2 KiB unless it is told to take more; on Linux this always fits."""
    words = "x" * (BYTES - 100)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # a socket's path must be short
        control = Control(Path(folder), lambda asked: str(asked["words"]))

        def answer() -> None:
            select.select([control], [], [], 10)
            control.drain()

        answering = threading.Thread(target=answer)
        answering.start()
        assert ask(Path(folder), words=words) == words
        answering.join()
        control._socket.close()
