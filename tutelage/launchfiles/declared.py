"""The settings that a dataclass declares, read from its source: to import its module would load torch for seconds."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path
from typing import NamedTuple

from tutelage.input.loading import ours

WRITTEN = {"True": "true", "False": "false", "math.inf": ".inf"}
"""Values of Python, as a launch file writes them."""


class Setting(NamedTuple):
    """A field of a dataclass, its default as written, and the text below it."""

    name: str
    default: str
    meaning: str


def settings(place: str) -> list[Setting]:
    """The fields of the dataclass `module:Class`, first those of its base, with its own defaults."""
    module, _, name = place.partition(":")
    return list(_fields(ours(module), name).values())


def _fields(module: str, name: str) -> dict[str, Setting]:
    module, declared = _definition(module, name)
    assert isinstance(declared, ast.ClassDef)
    found: dict[str, Setting] = {}
    for base in declared.bases:
        found |= _fields(module, ast.unparse(base))
    for node, below in zip(declared.body, [*declared.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and node.value:
            field = ast.unparse(node.target)
            text = _text(below) or (found[field].meaning if field in found else "")
            found[field] = Setting(field, _value(module, node.value), text)
    return found


def _definition(module: str, name: str) -> tuple[str, ast.stmt]:
    """The class or the constant of this name, perhaps `module.name`, and the module that defines it."""
    first, _, rest = name.partition(".")
    spec = importlib.util.find_spec(module)
    if not (spec and spec.origin):
        raise LookupError(f"there is no module {module}")
    for node in ast.parse(Path(spec.origin).read_text()).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return module, node
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return module, node
        if isinstance(node, ast.ImportFrom) and first in [alias.asname or alias.name for alias in node.names]:
            return _definition(f"{node.module}.{first}", rest) if rest else _definition(str(node.module), first)
    raise LookupError(f"{module} defines no {name}")


def _value(module: str, default: ast.expr) -> str:
    """A default as a launch file writes it; a constant of ours by its value."""
    text = ast.unparse(default)
    if isinstance(default, ast.Name | ast.Attribute) and text not in WRITTEN:
        _, constant = _definition(module, text)
        assert isinstance(constant, ast.Assign)
        return ast.unparse(constant.value)
    return WRITTEN.get(text, text)


def _text(node: ast.stmt | None) -> str:
    """A text that stands alone, below a field."""
    value = node.value if isinstance(node, ast.Expr) else None
    return " ".join(str(value.value).split()) if isinstance(value, ast.Constant) else ""
