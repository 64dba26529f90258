"""What is said about a machine that can break things: orders to it, how it is, what it was told, how time was kept."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from tutelage.message import Message


class Order(Message, cadence="free"):
    """teleoperator -> hardware: what a person orders.

    `arm`: it may move, also after a stop; `disarm`; `stop`, which latches until `arm`; `take over`: the policy is not
    heeded any more; `give back`: it is again. Any other word reaches the hardware too, which takes it for a stop.
    """

    order: str
    reason: str


class Safety(Message, cadence="free"):
    """hardware -> those who look on: the guard is in another state, and why. `drivers/guard.py` has the states."""

    state: str
    reason: str


class Command(Message, cadence="free"):
    """hardware -> takeover, recorder: what was asked of the device at this step, and what it was told.

    `applied` is empty where nothing was written. `reason` says why the two differ; it is empty where all was well.
    `actor` is `policy`, `human` or `guard`.
    """

    actor: Literal["policy", "human", "guard"]
    requested: Annotated[NDArray[np.float64], "accepts", "the driver's units"]
    applied: Annotated[NDArray[np.float64], "accepts", "the driver's units"]
    reason: str
    captured: Annotated[int, "ns, monotonic, of the observation that it answers"]
    written: Annotated[int, "ns, monotonic, when the writing was over"]


class Timing(Message, cadence="free"):
    """hardware -> report: how the loop has kept its time since it began, and what the guard had to do.

    A deadline is missed when its tick comes a whole period late or more. `latency_mean` is from a reading's capture to
    the writing of its answer.
    """

    seconds_up: Annotated[float, "s"]
    rate_mean: Annotated[float, "Hz"]
    interval_max: Annotated[float, "s"]
    interval_std: Annotated[float, "s"]
    latency_mean: Annotated[float, "s"]
    deadlines_missed: int
    commands_refused: int
    stops: int
