"""The greeting between the two ends of a link, sealed with the run's secret.

A seal is the HMAC-SHA256 of the content and its direction. So a program without the secret cannot pass for a speaker or
a listener of the run, and cannot learn the secret from what is sent.
"""

from __future__ import annotations

import hmac
from typing import Any

from tutelage.codec import pack_state, unpack_state
from tutelage.input.problems import complain

DOWN, UP = b"\0", b"H"
"""The first byte of a speaker's notices, and of a listener's hellos."""

SEAL_BYTES = 32

STRANGERS = "(strangers)"
"""In place of a topic, the name under which frames that are not of this run are counted."""


def seal(secret: bytes, way: bytes, told: dict[str, Any]) -> bytes:
    """A sealed frame with this content."""
    body = pack_state(told)
    return way + hmac.digest(secret, way + body, "sha256") + body


def unseal(secret: bytes, frame: bytes) -> dict[str, Any] | None:
    """The content of a frame; None if it was not sealed with the secret. Such content is not decoded."""
    way, found, body = frame[:1], frame[1 : 1 + SEAL_BYTES], frame[1 + SEAL_BYTES :]
    if not hmac.compare_digest(hmac.digest(secret, way + body, "sha256"), found):
        return None
    told: dict[str, Any] = unpack_state(body)
    return told


class Losses(dict[str, int]):
    """The number of messages lost, by topic; frames of strangers are counted as STRANGERS."""

    def count(self, topic: str, messages: int = 1) -> None:
        self[topic] = self.get(topic, 0) + messages

    def stranger(self, what: str) -> None:
        """Counts a dropped frame; the first is reported."""
        if STRANGERS not in self:
            complain(f"dropped {what}, which is not of this run; all such frames are counted as lost of {STRANGERS}")
        self.count(STRANGERS)
