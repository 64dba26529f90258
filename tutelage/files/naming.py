"""The names of a node's files."""


def file_name(node: str) -> str:
    """A node's name in the names of its files, with a dot after a namespace: `train/simulator` is `train.simulator`."""
    return node.replace("/", ".")
