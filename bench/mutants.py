"""How many changes of a file its tests notice, file by file: python bench/mutants.py [FILE ...] [--every N].

A mutant is a file with one thing changed: a comparison, a sign, a number, a text, a condition, a statement left out.
It is killed when a test fails. Docstrings, types and defaults of settings are not changed: a default is a choice,
which results judge. With FILE it prints the mutants that survive, without it a table of all files (in an hour).
With `--every 3` it tries only every third one, for a quick look.

No test can kill a mutant that behaves like the file. These are in bench/equivalent_mutants.txt, each with its reason,
and do not count.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # their imports would take most of the time

import hypothesis
import pytest

import tests.conftest  # noqa: F401 - before numpy or torch is loaded, as in the tests

EQUIVALENT = ROOT / "bench" / "equivalent_mutants.txt"
"""Indented by two spaces each: file, line, change, reason."""

CPU_SECONDS, SECONDS = 20, 300
"""A mutant whose tests take longer is killed, too."""

MEMORY_BYTES = 8 * 2**30

FILES = {
    "drivers/guard.py": "tests/drivers/test_guard.py",
    "learning/acting.py": "tests/learning/test_acting.py",
    "learning/adam.py": "tests/learning/test_networks.py",
    "learning/airl.py": "tests/learning/test_airl.py",
    "learning/bc.py": "tests/learning/test_bc.py",
    "learning/budget.py": "tests/learning/test_budget.py",
    "learning/critics.py": "tests/learning/test_sac.py",
    "learning/dac.py": "tests/learning/test_dac.py",
    "learning/distributions.py": "tests/learning/test_distributions.py",
    "learning/draws.py": "tests/learning/test_draws.py",
    "learning/gail.py": "tests/learning/test_gail.py",
    "learning/heads.py": "tests/learning/test_sac.py",
    "learning/iq.py": "tests/learning/test_iq.py",
    "learning/likelihood.py": "tests/learning/test_airl.py",
    "learning/networks.py": "tests/learning/test_networks.py",
    "learning/normaliser.py": "tests/learning/test_normaliser.py",
    "learning/off_policy.py": "tests/learning/test_dac.py tests/learning/test_iq.py",
    "learning/pairs.py": "tests/learning/test_pairs.py",
    "learning/ppo.py": "tests/learning/test_ppo.py",
    "learning/relu.py": "tests/learning/test_sac.py",
    "learning/replay.py": "tests/learning/test_replay.py",
    "learning/returns.py": "tests/learning/test_returns.py",
    "learning/reward_model.py": "tests/learning/test_reward_model.py",
    "learning/rewards.py": "tests/learning/test_rewards.py",
    "learning/ring.py": "tests/learning/test_ring.py",
    "learning/rollout.py": "tests/learning/test_rollout.py",
    "learning/sac.py": "tests/learning/test_sac.py tests/learning/test_iq.py",
    "learning/schedule.py": "tests/learning/test_schedule.py",
    "learning/soft.py": "tests/learning/test_sac.py",
    "learning/squashed.py": "tests/learning/test_sac.py",
    "learning/state_reward.py": "tests/learning/test_airl.py",
    "tutelage/codec.py": "tests/tutelage/test_codec.py",
    "tutelage/files/checkpoint.py": "tests/tutelage/test_checkpoint.py",
    "tutelage/transport/bus.py": "tests/tutelage/test_bus.py",
    "tutelage/transport/inbox.py": "tests/tutelage/test_inbox.py",
    "tutelage/transport/outbox.py": "tests/tutelage/test_outbox.py",
}
"""The smallest tests that should notice."""

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


def places(tree: ast.Module) -> Iterator[tuple[Any, Any]]:
    """The dict or list that each node is in, and its key or number there."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if isinstance(value, list):
                yield from ((value, i) for i, one in enumerate(value) if isinstance(one, ast.AST))
            elif isinstance(value, ast.AST):
                yield parent.__dict__, name


def unchanged(tree: ast.Module) -> Iterator[ast.AST]:
    """What is not changed: types and what is exported, decorators, docstrings, and the defaults of a class's fields."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                yield from node.decorator_list
            case ast.Expr(ast.Constant() as docstring):
                yield docstring
            case ast.Subscript(ast.Name("Literal")) | ast.Assign([ast.Name("__all__")]):
                yield node
        if isinstance(node, ast.ClassDef):
            yield from node.bases
            yield from (field.value for field in node.body if isinstance(field, ast.AnnAssign) and field.value)
        for name in ("annotation", "returns"):
            if isinstance(hint := getattr(node, name, None), ast.AST):
                yield hint


def mutants(source: str) -> Iterator[tuple[str, str, str]]:
    """(line, change, changed source) of each mutant. A change that equal lines have twice ends in "(2)"."""
    tree, lines, count = ast.parse(source), source.splitlines(), Counter[tuple[str, str]]()
    left_out = {id(inner) for node in unchanged(tree) for inner in ast.walk(node)}
    for holder, place in list(places(tree)):
        node = holder[place]
        if id(node) in left_out:
            continue
        for changed in changes(node):
            what = lines[node.lineno - 1].strip(), f"{source_of(node)} -> {source_of(changed)}"
            count[what] += 1
            number = f" ({count[what]})" if count[what] > 1 else ""
            holder[place] = changed
            yield what[0], what[1] + number, ast.unparse(tree)
            holder[place] = node


def source_of(node: ast.AST) -> str:
    """A node's source on one line; of an `if` the condition alone."""
    return f"if {ast.unparse(node.test)}" if isinstance(node, ast.If) else " ".join(ast.unparse(node).split())


def equivalent(file: str) -> set[tuple[str, str]]:
    """(line, change) of the mutants of a file that behave like it."""
    found, above = set(), ["", ""]
    for text in EQUIVALENT.read_text().splitlines():
        depth = (len(text) - len(text.lstrip())) // 2
        if text.startswith("#") or not text or depth > 2:
            continue
        if depth < 2:
            above[depth] = text.strip()
        elif above[0] == file:
            found.add((above[1], text.strip()))
    return found


def check_equivalent() -> None:
    """Ends with an error where bench/equivalent_mutants.txt is stale: it names what is no mutant."""
    lines = EQUIVALENT.read_text().splitlines()
    named = {line for line in lines if line and not line.startswith((" ", "#"))}
    if unknown := named - FILES.keys():
        sys.exit(f"{EQUIVALENT.name} names files that are not in FILES: {', '.join(sorted(unknown))}")
    for file in sorted(named):
        known = {(line, change) for line, change, _ in mutants(Path(file).read_text())}
        if stale := equivalent(file) - known:
            sys.exit(f"{EQUIVALENT.name} names what is no mutant of {file}: {stale}")


class Changed(SourceFileLoader):
    """Imports one module from a changed source."""

    def __init__(self, module: str, file: str, source: str) -> None:
        super().__init__(module, file)
        self.source = source

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.path, "exec", dont_inherit=True)


class FirstFailure:
    """A plugin that ends the process at the first failure: a teardown after it may wait for ever."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os._exit(1)


def killed(file: str, source: str, test: str) -> bool:
    """Whether a test fails with this source in the file's place; in a process of its own."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            gc.disable()
            signal.alarm(SECONDS)
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            sys.meta_path.insert(0, Changed(module_of(file), file, source))
            options = ["-x", "-q", "-m", "not slow", "-c", os.devnull, "-p", "no:cacheprovider", "--noconftest"]
            options += ["--assert=plain", "--import-mode=importlib"]
            code = int(pytest.main([*options, *test.split()], plugins=[FirstFailure()]))
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] != 0


def module_of(file: str) -> str:
    return "tutelage." + ".".join(Path(file).with_suffix("").parts).removeprefix("tutelage.")


def warm(test: str) -> None:
    """Imports what the tests import, then forgets our own modules: each mutant's process imports these anew."""
    for one in test.split():
        importlib.import_module(".".join(Path(one.partition("::")[0]).with_suffix("").parts))
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tutelage", "tests")]:
        del sys.modules[name]


def tried(file: str, test: str, every: int) -> Iterator[tuple[str, str, bool]]:
    """The mutants of a file that do not behave like it: line, change, whether it survives."""
    warm(test)
    source, same = Path(file).read_text(), equivalent(file)
    if killed(file, source, test):
        sys.exit(f"{test} fails with {file} as it is")
    for line, change, changed in [one for one in mutants(source) if one[:2] not in same][::every]:
        yield line, change, not killed(file, changed, test)


if __name__ == "__main__":
    os.chdir(ROOT)
    once: dict[str, Any] = {"phases": [hypothesis.Phase.generate], "database": None, "derandomize": True}
    hypothesis.settings.register_profile("once", suppress_health_check=list(hypothesis.HealthCheck), **once)
    hypothesis.settings.load_profile("once")
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--every", type=int, default=1, metavar="N")
    given = parser.parse_args()
    check_equivalent()
    print("file | mutants tried | killed | equivalent ones beside them")
    for file in given.files or FILES:
        count = survived = 0
        for line, change, survives in tried(file, FILES[file], given.every):
            count, survived = count + 1, survived + survives
            if survives and given.files:
                print(f"{file}: {line}: {change}", flush=True)
        score = 100 * (1 - survived / count)
        print(f"{file} | {count} | {score:.1f} % | {len(equivalent(file))}", flush=True)
