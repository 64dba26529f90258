"""Loads the classes and functions that a launch file or robot file names.

`nodes.policy:Policy` is tutelage's own. A module that tutelage does not have is the user's: it is searched beside the
launch file and in the current folder.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tutelage.input.problems import Problem, Refusal, did_you_mean

Kind = TypeVar("Kind")


def class_of(run: str, base: type[Kind]) -> type[Kind]:
    """The class that `package.module:Class` or `path/to/file.py:Class` names, a subclass of `base`.

    Raises:
        LookupError: the module or class is missing, in one sentence.
        TypeError: it is no subclass of `base`.
        ImportError: the module cannot be imported; ModuleNotFoundError: it lacks another package.
    """
    place, _, name = run.partition(":")
    if not name:
        raise LookupError(f"'{run}' names no class: write package.module:Class or path/to/file.py:Class")
    found = getattr(home := module(place), name, None)
    if found is None:
        raise LookupError(f"{place} has no {name}; {did_you_mean(name, _subclasses(home, base))}")
    if not (isinstance(found, type) and issubclass(found, base)):
        room = "tutelage" if base.__module__ == "tutelage.node" else base.__module__
        raise TypeError(f"{run} is not a {base.__name__.lower()}: it must be a subclass of {room}.{base.__name__}")
    return found


def module(place: str) -> Any:
    """The module that `package.module` or `path/to/file.py` names. Raises LookupError and ImportError as `class_of`."""
    return _from_file(Path(place)) if place.endswith(".py") else _from_package(place)


ROOMS = {"drivers", "learning", "messages", "nodes", "tasks", "teaching"}


def ours(name: str) -> str:
    """The full name of a module: `tutelage.nodes.policy` for `nodes.policy`, or the user's own module."""
    full = f"tutelage.{name}"
    try:
        return full if name.partition(".")[0] in ROOMS and importlib.util.find_spec(full) else name
    except ModuleNotFoundError:  # tutelage does not have its package
        return name


def _subclasses(module: Any, base: type) -> list[str]:
    classes = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, base)]
    return [kind.__name__ for kind in classes if kind is not base]


def _from_package(name: str) -> Any:
    try:
        return importlib.import_module(ours(name))
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            raise LookupError(f"there is no module {error.name}{_beside(error.name)}") from error
        raise
    except Exception as error:
        raise ImportError(_why(name, error)) from error


def _beside(name: str) -> str:
    """A hint at the module that was meant, if its package exists."""
    package = sys.modules.get(name.rpartition(".")[0])
    names = [found.name for found in pkgutil.iter_modules(package.__path__)] if package else []
    return f"; {did_you_mean(name.rpartition('.')[2], names)}" if names else ""


def _from_file(path: Path) -> Any:
    path = path.resolve()
    if not path.is_file():
        raise LookupError(f"there is no file {path}")
    name = f"_file_{path.stem}_{abs(hash(str(path)))}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec and spec.loader
        if str(path.parent) not in sys.path:  # for modules beside the file; at the end, so that none hides another
            sys.path.append(str(path.parent))
        sys.modules[name] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(sys.modules[name])
        except BaseException as error:
            del sys.modules[name]  # half loaded
            if isinstance(error, ModuleNotFoundError) or not isinstance(error, Exception):
                raise
            raise ImportError(_why(str(path), error)) from error
    return sys.modules[name]


def _why(module: str, error: Exception) -> str:
    """Why a module cannot be imported: the error and its line."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}, line {frames[-1].lineno}"
    if isinstance(error, SyntaxError):
        where = f"{error.filename}, line {error.lineno}"
    what = " ".join(str(getattr(error, "msg", error)).split())
    return f"{module} cannot be imported: {type(error).__name__}: {what} ({where})"


def named(place: str) -> Callable[..., Any]:
    """The function or class that `package.module:name` names.

    Raises:
        Refusal: it is missing, or its module cannot be imported.
    """
    module, _, name = place.partition(":")
    try:
        found: Callable[..., Any] = getattr(importlib.import_module(ours(module)), name)
    except Exception as error:  # foreign code may raise anything
        raise Refusal([Problem(place, f"cannot be loaded: {error}")]) from error
    return found
