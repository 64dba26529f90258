"""The state of the processes."""

from tutelage.message import Message


class Status(Message, cadence="free"):
    """any process -> observers, twice a second: that it is alive, its state and its message counts.

    `said` and `heard` count messages by topic, `lost` those that an observer missed, `waiting` those received but not
    yet handed to the node. A process that has `ended` still serves those that may need its messages again.
    """

    node: str
    restarts: int
    process_id: int
    seconds: float
    said: dict[str, int]
    heard: dict[str, int]
    lost: dict[str, int]
    waiting: int
    ended: bool
