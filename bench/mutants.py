"""How many changes of a file its tests notice: python bench/mutants.py [FILE TEST].

A mutant is the file with one thing changed: a comparison, a sign, a number, a text, a condition, a statement left out.
It is killed when a test fails. By default it is the guard that is changed, which must be tested best.
"""

from __future__ import annotations

import ast
import copy
import importlib
import os
import signal
import sys
import types
from collections.abc import Iterator
from pathlib import Path

os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # what they need to load is most of the time
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SECONDS = 60
"""A mutant whose tests take longer is killed, too."""

SWAPS: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitOr: ast.BitAnd,
}
NAMES = {"min": "max", "max": "min", "low": "high", "high": "low", "apply": "hold", "hold": "apply"}


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """What a node can be changed into."""
    match node:
        case ast.Compare(left, ops, comparators):
            for i, op in enumerate(ops):
                yield ast.Compare(left, [*ops[:i], SWAPS[type(op)](), *ops[i + 1 :]], comparators)
        case ast.BinOp(left, op, right) if type(op) in SWAPS:
            yield ast.BinOp(left, SWAPS[type(op)](), right)
        case ast.BoolOp(op, values):
            yield ast.BoolOp(SWAPS[type(op)](), values)
        case ast.UnaryOp(ast.Not() | ast.USub() | ast.Invert(), operand):
            yield operand
        case ast.Constant(bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            yield ast.Constant(value + 1)
        case ast.Constant(str() as value):
            yield ast.Constant(value + "?")
        case ast.Name(name, context) if name in NAMES:
            yield ast.Name(NAMES[name], context)
        case ast.Attribute(value, name, context) if name in NAMES:
            yield ast.Attribute(value, NAMES[name], context)
        case ast.If(test, body, orelse):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.IfExp(test, body, orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.Assign() | ast.AugAssign() | ast.Expr(ast.Call()):
            yield ast.Pass()
        case ast.Return(ast.expr() as value) if ast.unparse(value) not in ("None", "''"):
            yield ast.Return(ast.Constant(None))


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Each node's parent and where it is there; docstrings, annotations and declarations of classes left out."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if name in ("annotation", "returns", "decorator_list", "bases", "type_params"):
                continue
            if isinstance(value, list):
                yield from ((parent, name, i) for i, one in enumerate(value) if isinstance(one, ast.AST))
            elif isinstance(value, ast.AST):
                yield parent, name, None


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """(what was changed, changed source) of each mutant."""
    tree = ast.parse(source)
    annotations = {id(inner) for node in ast.walk(tree) for inner in _hints(node)}
    for index, (parent, name, i) in enumerate(places(tree)):
        node = getattr(parent, name) if i is None else getattr(parent, name)[i]
        if id(node) in annotations or (isinstance(parent, ast.Expr) and isinstance(node, ast.Constant)):
            continue
        for changed in changes(node):
            other = copy.deepcopy(tree)
            place, field, j = list(places(other))[index]
            if j is None:
                setattr(place, field, changed)
            else:
                getattr(place, field)[j] = changed
            text = ast.unparse(ast.fix_missing_locations(other))
            yield f"line {getattr(node, 'lineno', '?')}: {ast.unparse(node)} -> {ast.unparse(changed)}", text


def _hints(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in type hints, and on a module's own level: imports' business, aliases."""
    for name in ("annotation", "returns"):
        if isinstance(hint := getattr(node, name, None), ast.AST):
            yield from ast.walk(hint)


def killed(module: str, source: str, test: str) -> bool:
    """Whether a test fails with this source in the module's place; in a process of its own."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(SECONDS)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        code = 1
        try:
            package, _, name = module.rpartition(".")
            sys.modules[module] = types.ModuleType(module)
            setattr(sys.modules[package], name, sys.modules[module])
            exec(compile(source, f"<mutant of {module}>", "exec"), sys.modules[module].__dict__)
            code = int(
                PYTEST.main(
                    [
                        "-x",
                        "-q",
                        "-c",
                        os.devnull,
                        "-p",
                        "no:cacheprovider",
                        "--noconftest",
                        "--import-mode=importlib",
                        test,
                    ]
                )
            )
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] != 0


if __name__ == "__main__":
    file, test = sys.argv[1:] or ("drivers/guard.py", "tests/drivers/test_guard.py")
    PYTEST = importlib.import_module("pytest")
    module = "tutelage." + ".".join(Path(file).with_suffix("").parts).removeprefix("tutelage.")
    os.chdir(ROOT)
    source = Path(file).read_text()
    importlib.import_module(module)
    assert not killed(module, source, test), "the tests fail on the file as it is"
    all_of_them, survived = list(mutants(source)), 0
    for what, mutant in all_of_them:
        if not killed(module, mutant, test):
            survived += 1
            print("survived:", what, flush=True)
    count = len(all_of_them)
    print(f"{count - survived} of {count} mutants killed, {100 * (1 - survived / count):.1f} %")
