"""The limit on what a compressed file may unpack to: a few kilobytes can claim to be gigabytes."""

FREE_BYTES = 64 * 2**20
"""The bytes that any file may unpack to."""

RATIO = 100
"""How many times its own size a larger file may unpack to. Real data stay far below."""


def most_bytes(stored: int) -> int:
    """The bytes that this many stored bytes may unpack to."""
    return max(FREE_BYTES, RATIO * stored)
