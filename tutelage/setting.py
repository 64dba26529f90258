"""A setting that a person changes while a graph runs."""

from tutelage.message import Message


class Setting(Message):
    """steering -> a node: from this rollout on, `setting` of the node named `node` has this value.

    It is a message as any other: a recording contains it, `verify` repeats it, and a resumed run does not forget it.
    """

    node: str
    setting: str
    value: float
