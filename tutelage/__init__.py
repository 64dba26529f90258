"""The machinery: messages, nodes, their order in logical time, the bus between processes, and who starts them.

It knows nothing of learning and runs without torch.
"""

from tutelage.message import Message
from tutelage.node import Node, play

__all__ = ["Message", "Node", "play"]
