"""The greeting between the two ends of a link, sealed with the run's secret.

A seal is the HMAC-SHA256 of what is said and of which way it goes. So nobody who lacks the secret can pass for a
speaker or for a listener of the run, and nobody learns the secret from what is said.
"""

from __future__ import annotations

import hmac
from typing import Any

from tutelage.codec import pack_state, unpack_state
from tutelage.input.problems import complain

DOWN, UP = b"\0", b"H"
"""The first byte of what a speaker tells, and of what a listener does."""

SEAL_BYTES = 32

STRANGERS = "(strangers)"
"""Stands in place of a topic where losses are counted: of frames that are not of this run."""


def seal(secret: bytes, way: bytes, told: dict[str, Any]) -> bytes:
    """A frame that tells this."""
    body = pack_state(told)
    return way + hmac.digest(secret, way + body, "sha256") + body


def unseal(secret: bytes, frame: bytes) -> dict[str, Any] | None:
    """What a frame tells; None where it was not made with the secret, and nothing of it was looked at."""
    way, found, body = frame[:1], frame[1 : 1 + SEAL_BYTES], frame[1 + SEAL_BYTES :]
    if not hmac.compare_digest(hmac.digest(secret, way + body, "sha256"), found):
        return None
    told: dict[str, Any] = unpack_state(body)
    return told


class Losses(dict[str, int]):
    """How many messages were lost, by topic; frames of strangers under a name of their own."""

    def count(self, topic: str, messages: int = 1) -> None:
        self[topic] = self.get(topic, 0) + messages

    def stranger(self, what: str) -> None:
        """Counts a frame that was dropped; the first is complained of."""
        if STRANGERS not in self:
            complain(f"dropped {what}, which is not of this run; all such frames are counted as lost of {STRANGERS}")
        self.count(STRANGERS)
