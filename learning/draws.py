"""Random numbers by name: the same key always gives the same numbers.

A counter-based generator (Philox, Salmon et al. 2011) is keyed by a hash of the seed and the purpose, so there is
no state to save: a restarted node draws the same numbers.
"""

import hashlib
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence


class _Key(ISeedSequence):
    """A key for Philox. Passed in this way it takes no entropy from the system, which is slow."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> np.ndarray:
        return np.frombuffer(self._key, dtype)[:n_words]


def generator(seed: int, *key: str | int) -> np.random.Generator:
    """The generator of one purpose, such as `generator(seed, "policy", "action", 17)`.

    The key is compared by its text (5 and "5" are one key) and its parts stay apart ("a", "b" is not "ab").
    """
    text = "\0".join(map(str, (seed, *key)))
    digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(_Key(digest)))  # type: ignore[arg-type]


class Share:
    """A generator that draws for one of equal `parts` of all rows what it would draw for them among all rows."""

    def __init__(self, drawn: np.random.Generator, part: int, parts: int) -> None:
        self.drawn, self.part, self.parts = drawn, part, parts

    def random(self, rows: int, dtype: Any = np.float64) -> np.ndarray:
        return self._own(self.drawn.random(rows * self.parts, dtype=dtype), rows)

    def standard_normal(self, shape: tuple[int, ...], dtype: Any = np.float64) -> np.ndarray:
        rows, *more = shape
        return self._own(self.drawn.standard_normal((rows * self.parts, *more), dtype=dtype), rows)

    def _own(self, numbers: np.ndarray, rows: int) -> np.ndarray:
        return numbers[self.part * rows : (self.part + 1) * rows]


def episode_seed(seed: int, environment: int, episode: int) -> int:
    """The seed that resets the j-th `episode` of an `environment`: 31 bits, as every simulator takes them."""
    return int(generator(seed, "simulator", environment, episode).integers(2**31))
