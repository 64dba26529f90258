"""How a run meets the machines besides the launcher's."""

from __future__ import annotations

from typing import NamedTuple


class Elsewhere(NamedTuple):
    """The launcher's address for other machines, and the address of the Ray that chooses some of them; or empty."""

    listen: str = ""
    ray: str = ""


HERE = Elsewhere()
"""All nodes run on the launcher's machine."""
