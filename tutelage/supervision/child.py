"""Starts and ends one node's process.

Our own nodes are forked from the launcher, which has loaded their modules: a start takes milliseconds
instead of seconds. The launcher has no threads and no ZeroMQ sockets, so forking it is safe.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from tutelage.assignment import Assignment
from tutelage.files.naming import file_name
from tutelage.graph import NodePlan, node_class
from tutelage.introduction import introduction
from tutelage.process import Process
from tutelage.supervision import cores, leftovers, registry
from tutelage.supervision.machines import stand_in
from tutelage.supervision.report import checked
from tutelage.supervision.signals import ASKING

ROOT = Path(__file__).resolve().parents[2]

MOST_UNSENT = 2**20
"""The most bytes of orders that wait for a process that does not read."""


class Child:
    """A running process, and the launcher's end of its lifeline."""

    def __init__(self, name: str, pid: int, lifeline: socket.socket) -> None:
        self.name, self.pid, self.lifeline = name, pid, lifeline
        self._text, self._unsent = "", bytearray()
        self._is_there = True
        self.status: int | None = None

    def exit_status(self) -> int | None:
        """Its exit status, or None while it runs. Must not be called again after it has returned one."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        self._is_there = not pid
        self.status = os.waitstatus_to_exitcode(status) if pid else None
        return self.status

    def events(self) -> list[dict[str, Any]]:
        """Its reports since the last call (lifeline.py)."""
        self._send()
        try:
            self._text += self.lifeline.recv(65536, socket.MSG_DONTWAIT).decode()
        except (BlockingIOError, ConnectionError):
            return []
        *lines, self._text = self._text.split("\n")
        return [json.loads(line) for line in lines]

    def tell(self, order: str) -> None:
        """Sends an order (lifeline.py). What does not fit is sent later, unless too much waits already."""
        line = f"{order}\n".encode()
        if len(self._unsent) + len(line) <= MOST_UNSENT:
            self._unsent += line
        self._send()

    def _send(self) -> None:
        """Sends as much of the waiting orders as fits."""
        with contextlib.suppress(OSError):  # it does not read, or is gone, which the launcher learns from its exit
            while self._unsent:
                del self._unsent[: self.lifeline.send(self._unsent, socket.MSG_DONTWAIT)]

    def kill(self, number: signal.Signals) -> None:
        """Signals the process and all that it has started; if it has ended, what it has left behind."""
        registry.signal_session(self.pid, number, self._is_there)


class Member(Child):
    """A further node of a process, whose first node is its `leader`."""

    def __init__(self, name: str, leader: Child, lifeline: socket.socket) -> None:
        super().__init__(name, leader.pid, lifeline)
        self._leader = leader

    def exit_status(self) -> int | None:
        """As its leader's, which must have been asked before."""
        return self._leader.status

    def kill(self, number: signal.Signals) -> None:
        self._leader.kill(number)


class Program(Child):
    """Any other program. If it is no node, it reports nothing."""

    def __init__(
        self, name: str, process: subprocess.Popen[bytes], lifeline: socket.socket, is_node: bool = False
    ) -> None:
        super().__init__(name, process.pid, lifeline)
        self._process, self._is_node = process, is_node

    def exit_status(self) -> int | None:
        status = self._process.poll()
        self._is_there = status is None
        return status

    def events(self) -> list[dict[str, Any]]:
        """Its reports. One that cannot be read ends it for good. A program that is no node reports nothing."""
        try:
            found = super().events() if self._is_node else []
            return [checked(report) for report in found]
        except (ValueError, RecursionError) as error:
            self.kill(signal.SIGKILL)
            return [{"event": "failed", "why": f"its lifeline says what is no report: {error}"}]


def fork(
    name: str, body: Callable[[socket.socket], None], log: Path, others: Iterable[Child] = (), screen: bool = False
) -> Child:
    """Forks a process that runs `body` with its end of a lifeline, in a session of its own.

    Its output goes to `log`; with `screen`, only its standard error does.
    """
    ours, theirs = socket.socketpair()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        theirs.close()
        return Child(name, pid, ours)
    code = 1
    try:
        ours.close()
        for other in others:  # a lifeline must have one owner: a child learns from its closing that we are gone
            other.lifeline.close()
        _settle(log, screen)
        body(theirs)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        flush_and_leave(code)


def flush_and_leave(code: int) -> NoReturn:
    """Ends this process at once. A forked child must never run on into the launcher's code."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _settle(log: Path, screen: bool) -> None:
    """Gives the process a session of its own, because Ctrl-C is for the launcher, and a log for its output."""
    os.setsid()
    for number in (*ASKING, signal.SIGTSTP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 2)
    if not screen:
        os.dup2(file, 1)
    os.close(file)


def start(plans: Sequence[NodePlan], place: Assignment, others: Iterable[Child]) -> list[Child]:
    """Starts the process of these nodes, or of a node's stand-in if it is to run on another machine.

    The first child is the process; the others are its further nodes.
    """
    plan = plans[0]
    log = place.run_dir / "logs" / f"{file_name(plan.name)}.log"
    if plan.host:
        return [fork(plan.name, lambda lifeline: stand_in.run(plan, place, lifeline), log, others)]
    mark = {leftovers.MARK: str(place.socket_dir)}
    if plan.command:
        return [_start_program(plan, log, mark | (introduction(plan, place) if plan.types else {}))]
    pairs = [socket.socketpair() for _ in plans[1:]]

    def body(lifeline: socket.socket) -> None:
        os.environ.update(plan.environment | mark)
        gc.freeze()  # the launcher's modules are large and never garbage: collecting them wastes time
        if place.core is not None:
            cores.settle_on(place.core)
        if place.hurried:
            cores.hurry()
        for ours, _ in pairs:
            ours.close()
        Process(list(zip(plans, (lifeline, *(theirs for _, theirs in pairs)), strict=True)), place).run()

    leader = fork(plan.name, body, log, others, node_class(plan.run).screen)
    for _, theirs in pairs:
        theirs.close()
    for one in plans[1:]:
        _link(log, log.with_name(f"{file_name(one.name)}.log"))
    return [leader, *(Member(one.name, leader, ours) for one, (ours, _) in zip(plans[1:], pairs, strict=True))]


def _link(log: Path, name: Path) -> None:
    """Gives the log of a process the name of another node of it, too."""
    with contextlib.suppress(FileExistsError):
        name.symlink_to(log.name)


def _start_program(plan: NodePlan, log: Path, variables: dict[str, str]) -> Child:
    """Starts a program; its lifeline is its standard input. `python` is our interpreter, and finds our modules."""
    ours, theirs = socket.socketpair()
    environment = os.environ | plan.environment | variables
    command = list(plan.command)
    if command[0] == "python":
        command[0] = sys.executable
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), environment.get("PYTHONPATH")]))
    with theirs, log.open("ab") as out:
        process = subprocess.Popen(
            command, stdin=theirs.fileno(), stdout=out, stderr=out, start_new_session=True, env=environment
        )
    return Program(plan.name, process, ours, bool(plan.types))
