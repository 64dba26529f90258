"""Messages about a device: orders to it, its guard's state, its commands, its timing."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from tutelage.message import Message


class Order(Message, cadence="free"):
    """teleoperator -> hardware: an order of a person.

    `arm`: the device may move, also after a stop; `disarm`; `stop`, which latches until `arm`; `take over`: the
    policy's actions are ignored; `give back`: they are applied again. The hardware takes any other word for a stop.
    """

    order: str
    reason: str


class Safety(Message, cadence="free"):
    """hardware -> observers: the guard's new state, and why. `drivers/guard.py` has the states."""

    state: str
    reason: str


class Command(Message, cadence="free"):
    """hardware -> takeover, recorder: the command requested at this step, and the command applied.

    `applied` is empty where nothing was written. `reason` says why the two differ; it is empty where they do not.
    `actor` is `policy`, `human` or `guard`.
    """

    actor: Literal["policy", "human", "guard"]
    requested: Annotated[NDArray[np.float64], "accepts", "the driver's units"]
    applied: Annotated[NDArray[np.float64], "accepts", "the driver's units"]
    reason: str
    captured: Annotated[int, "ns, monotonic, of the observation that it answers"]
    written: Annotated[int, "ns, monotonic, when the writing was over"]


class Timing(Message, cadence="free"):
    """hardware -> report: the control loop's timing since it began, and what the guard refused and stopped.

    A deadline is missed when its tick comes at least a whole period late. `latency_mean` is from a reading's capture to
    the writing of its action.
    """

    seconds_up: Annotated[float, "s"]
    rate_mean: Annotated[float, "Hz"]
    interval_max: Annotated[float, "s"]
    interval_std: Annotated[float, "s"]
    latency_mean: Annotated[float, "s"]
    deadlines_missed: int
    commands_refused: int
    stops: int
