"""How the processes themselves are."""

from tutelage.message import Message


class Status(Message, cadence="free"):
    """any process -> those who look on, some times a second: that it is alive, where it is and what it has moved.

    `said` and `heard` count messages by topic, `lost` those that an observer missed, `waiting` those received but not
    yet handed to the node. A process that has `ended` is still there for those who may have to hear again what it said.
    """

    node: str
    life: int
    process_id: int
    seconds: float
    said: dict[str, int]
    heard: dict[str, int]
    lost: dict[str, int]
    waiting: int
    ended: bool
