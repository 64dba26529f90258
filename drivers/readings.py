"""Problems of a reading: each result is a sentence that names the channels, empty if there is no problem."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tutelage.drivers.driver import Channel, Reading
from tutelage.drivers.limits import Limits, Vector


def unfit(reading: Reading, channels: Sequence[Channel], limits: Limits, now: int) -> str:
    """Why the reading cannot be trusted."""
    if reading.values.shape != (len(channels),):
        return f"the driver read {list(reading.values.shape)} numbers instead of {len(channels)}"
    if not np.isfinite(reading.values).all():
        return f"the sensor of {named(channels, ~np.isfinite(reading.values))} gives no number"
    if now - reading.captured > limits.hold:
        return f"the newest reading is {(now - reading.captured) / 1e6:.0f} ms old"
    return ""


def outside(values: Vector, channels: Sequence[Channel], limits: Limits) -> str:
    """Which values are outside their limits."""
    beyond = (values < limits.observed_low) | (values > limits.observed_high)
    return f"{named(channels, beyond)} is outside its limits" if beyond.any() else ""


def named(channels: Sequence[Channel], chosen: NDArray[np.bool_]) -> str:
    """The names of some channels."""
    return ", ".join(channel.name for channel, one in zip(channels, chosen, strict=True) if one)
