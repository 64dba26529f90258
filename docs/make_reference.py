"""Makes docs/reference.md from the code: python docs/make_reference.py"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference.md"
sys.path.insert(0, str(ROOT))

from tutelage import Node  # noqa: E402
from tutelage.drawing.text import message_types  # noqa: E402
from tutelage.input import loading  # noqa: E402
from tutelage.launchfiles import launchfile  # noqa: E402
from tutelage.message import Message  # noqa: E402
from tutelage.node import parameters  # noqa: E402

HEAD = """# Reference

Made from the code by `python docs/make_reference.py`; a test compares the two.
"""


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([HEAD, *_launch_files(), "", *_nodes(), "", *_messages()]) + "\n"


def _launch_files() -> Iterator[str]:
    yield from ("## Launch files", "", "`tutelage launch FILE --args` explains the arguments.", "")
    yield from _head("file", "does", "arguments")
    for path in sorted((ROOT / "launch").glob("*.yaml")):
        read = launchfile.arguments(path)
        yield _row(f"`{path.name}`", read.description, ", ".join(f"`{name}`" for name in read.arguments))


def _nodes() -> Iterator[str]:
    yield from (
        "## Nodes",
        "",
        "`run: nodes.policy:Policy` in a launch file names one. It may also hear what is in brackets.",
        "",
    )
    yield from _head("node", "does", "hears", "says", "parameters")
    for kind in node_kinds():
        hears = ", ".join([*_names(kind.hears), *(f"({name})" for name in _names(kind.may_hear))])
        told = ", ".join(f"`{name}`" for name in parameters(kind))
        yield _row(f"`{kind.__module__.removeprefix('tutelage.')}:{kind.__name__}`", _first(kind), hears,
                   ", ".join(_names(kind.says)), told)  # fmt: skip


def node_kinds() -> list[type[Node]]:
    """The classes of `nodes/` that launch files can run, by module and name."""
    found = []
    for path in sorted((ROOT / "nodes").glob("[!_]*.py")):
        module = loading.module(f"nodes.{path.stem}")
        kinds = {value: None for value in vars(module).values() if isinstance(value, type) and issubclass(value, Node)}
        found += [kind for kind in kinds if kind.__module__ == module.__name__ and not _is_base(kind)]
    return found


def _is_base(kind: type[Node]) -> bool:
    """Whether it leaves to subclasses what it does with the messages that it hears."""
    return bool(kind.hears or kind.may_hear) and kind.hear is Node.hear


def _messages() -> Iterator[str]:
    yield from (
        "## Messages",
        "",
        "Each also has `rollout` and `step`, its logical time. `tutelage messages` prints types and shapes.",
        "",
    )
    yield from _head("message", "means", "cadence", "fields")
    for kind in message_types("messages"):
        fields = [f"`{field.name}`" for field in kind.declared if field.name not in ("rollout", "step")]
        yield _row(f"`{kind.__name__}`", _first(kind), kind.cadence, ", ".join(fields))


def _names(kinds: Iterable[type[Message]]) -> list[str]:
    return [kind.__name__ for kind in kinds]


def _first(kind: type) -> str:
    """The first paragraph of its docstring."""
    return " ".join(inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].split())


def _head(*titles: str) -> tuple[str, str]:
    return _row(*titles), _row(*["---"] * len(titles))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page())
