"""The limit on what a compressed file may unpack to: a few kilobytes can claim to be gigabytes."""

FREE_BYTES = 64 * 2**20
"""What any file may unpack to."""

RATIO = 100
"""How many times its own size a file may unpack to beyond that. Numbers that mean something stay far below it."""


def most_bytes(stored: int) -> int:
    """To how many bytes so many stored ones may unpack."""
    return max(FREE_BYTES, RATIO * stored)
