"""The socket by which people ask things of a launcher: a datagram holds a question, or its answer.

It is in the run's socket folder, which only the run's user can enter.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tutelage.input.problems import Problem, Refusal

ADDRESS = "control"

BYTES = 65536
"""the longest question or answer"""

ANSWER_SECONDS = 5.0


class Control:
    """The launcher's end. `answer` gets each question and returns the answer.

    Raises:
        OSError: the socket cannot be made.
    """

    def __init__(self, folder: Path, answer: Callable[[dict[str, Any]], str]) -> None:
        self._answer = answer
        self._socket = _roomy()
        self._socket.setblocking(False)
        self._socket.bind(str(folder / ADDRESS))

    def fileno(self) -> int:
        """The file that a select waits for."""
        return self._socket.fileno()

    def drain(self) -> None:
        """Answers all questions that have come."""
        with contextlib.suppress(BlockingIOError):
            while True:
                question, asker = self._socket.recvfrom(BYTES)
                said = self._said(question)
                with contextlib.suppress(OSError, TypeError):  # the asker is gone, does not read, or has no address
                    self._socket.sendto(json.dumps(said).encode(), asker)

    def _said(self, question: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(question)
            if not isinstance(asked, dict) or asked.pop("until", 0.0) < time.monotonic():
                raise ValueError(
                    "it came too late, or says not until when it is asked"
                )  # whoever asked knows no answer
            return {"answer": self._answer(asked)}
        except Refusal as refusal:
            return {"refused": [[str(problem.where), problem.what] for problem in refusal.problems]}
        except (ValueError, TypeError, RecursionError) as error:
            return {"refused": [["question", f"the launcher does not understand it: {error}"]]}


def _roomy() -> socket.socket:
    """A socket for datagrams that has room for the longest one and its sender's address; macOS's default is 2 KiB."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        made.setsockopt(socket.SOL_SOCKET, buffer, 2 * BYTES)
    return made


def ask(folder: Path, **question: Any) -> str:
    """The launcher's answer to a question, or to an order.

    Raises:
        Refusal: the launcher refuses, cannot be reached, or does not answer within ANSWER_SECONDS.
    """
    path = folder / f"asks-{os.getpid()}-{id(question)}"
    with _roomy() as end:
        end.settimeout(ANSWER_SECONDS)
        try:
            end.bind(str(path))
            end.connect(str(folder / ADDRESS))
            end.send(json.dumps(question | {"until": time.monotonic() + ANSWER_SECONDS}).encode())
            said = json.loads(end.recv(BYTES))
        except TimeoutError:
            what = f"its launcher does not answer within {ANSWER_SECONDS:.0f} s: it is stopped, or very busy"
            raise Refusal([Problem(folder.name, what)]) from None
        except OSError as error:
            raise Refusal([Problem(folder.name, f"its launcher cannot be reached: {error}")]) from error
        finally:
            path.unlink(missing_ok=True)
    if "refused" in said:
        raise Refusal(Problem(*problem) for problem in said["refused"])
    return str(said["answer"])
