"""The launcher's process for a node on another machine: it passes its orders on, and ends as that process ends.

So the launcher sees a node like any other. If the stand-in is killed, its successor has the node's process replaced.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from typing import Any

from tutelage.assignment import Assignment
from tutelage.graph import NodePlan
from tutelage.supervision.machines.mail import AGAIN_SECONDS, Mail
from tutelage.supervision.report import checked
from tutelage.transport import sockets

DOOR = "door"
"""The socket of the launcher's door, in the socket folder."""

START = "start "
"""Before what a process begins with; all later lines are the launcher's orders, as they are."""


class Gone(Exception):
    """The node's process has ended by an error or says what is no report, or its machine knows it no more."""


def run(plan: NodePlan, place: Assignment, lifeline: socket.socket) -> None:
    """Stands in for a node until its process has ended well.

    Raises:
        Gone: it has not.
    """
    mail = Mail(plan.name, place.restarts)
    mail.say(START + json.dumps({"hurried": place.hurried}))
    print(f"{plan.name} runs on {plan.host}: its log is {_log(plan)}", flush=True)
    context = sockets.Context()
    door = sockets.dealer(context, f"ipc://{place.socket_dir / DOOR}", plan.name)
    try:
        _pass_on(plan, mail, lifeline, door)
    finally:
        context.destroy(linger=0)


def _pass_on(plan: NodePlan, mail: Mail, lifeline: socket.socket, door: sockets.Socket) -> None:
    """Passes orders up and reports down, until the launcher or the node is gone."""
    poller, text, due = sockets.Poller(), "", 0.0
    for one in (lifeline, door):
        poller.register(one, sockets.READABLE)
    while True:
        ready = dict(poller.poll(int(AGAIN_SECONDS * 1000)))
        if lifeline.fileno() in ready:
            received = lifeline.recv(65536).decode()
            if not received:
                return
            *orders, text = (text + received).split("\n")
            for order in orders:
                mail.say(order)
        while (frames := sockets.packet(door)) is not None:
            if _hand_over(plan, mail, json.loads(frames[-1]), lifeline):
                return
        if mail.news or time.monotonic() > due:
            due = time.monotonic() + AGAIN_SECONDS
            door.send(json.dumps(mail.packet()).encode())


def _hand_over(plan: NodePlan, mail: Mail, packet: dict[str, Any], lifeline: socket.socket) -> bool:
    """Gives the launcher the node's reports; returns whether the node has ended well. Raises Gone."""
    if packet["life"] != mail.life:
        return False
    if packet.get("unknown"):
        raise Gone(f"{plan.host} does not know this process of {plan.name}: its `join` has begun anew")
    for line in mail.take(packet):
        if not line.startswith("exit "):
            _report(plan, line, lifeline)
        elif line == "exit 0":
            return True
        elif line == f"exit {-signal.SIGKILL}":
            os.kill(os.getpid(), signal.SIGKILL)
        else:
            raise Gone(f"{plan.name} has ended with {line}: its log is {_log(plan)}")
    return False


def _report(plan: NodePlan, line: str, lifeline: socket.socket) -> None:
    """Gives the launcher a report. One that cannot be read ends the node for good; raises Gone."""
    try:
        report = checked(json.loads(line))
    except (ValueError, RecursionError) as error:
        why = f"{plan.host} says of {plan.name} what is no report: {error}"
        lifeline.sendall(json.dumps({"event": "failed", "why": why}).encode() + b"\n")
        raise Gone(why) from error
    lifeline.sendall(json.dumps(report).encode() + b"\n")


def _log(plan: NodePlan) -> str:
    """Where it is: a machine that was found for the run writes into the run's own folder."""
    return "in this run's logs" if plan.on else f"on {plan.host}, in the logs of its runs"
