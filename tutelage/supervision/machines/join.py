"""Joins a launcher's run: waits for its door, then runs this machine's part."""

from __future__ import annotations

import select
from contextlib import closing
from pathlib import Path
from typing import Any

from tutelage.input.problems import Problem, Refusal, complain
from tutelage.invocation import program
from tutelage.supervision.machines import keys, ports
from tutelage.supervision.machines.agent import Agent
from tutelage.supervision.machines.mail import AGAIN_SECONDS
from tutelage.supervision.machines.wire import Wire
from tutelage.supervision.private import state
from tutelage.transport.curve import Key

PUZZLED_SECONDS = 5
"""After this time without an answer a hint is printed."""


def join(launcher: str, address: str) -> int:
    """Runs this machine's nodes of the run whose launcher is, or will be, at an address; returns the exit code.

    Raises:
        Refusal: no key of that launcher is allowed; or this machine cannot run its nodes, or has other message types.
    """
    return attend(launcher, keys.known(launcher), keys.own(), address, state() / "machines/join.log")


def attend(
    launcher: str,
    server: str,
    key: Key,
    address: str,
    log: Path,
    run_dir: Path | None = None,
    checkpoints: str = "checkpoints",
    lifeline: int | None = None,
) -> int:
    """Joins with a key of this machine; `server` is the launcher's public key. The rest is as for Agent and Wire."""
    ip, port = ports.parsed(address)
    with closing(Wire(f"tcp://{ip}:{port}", server, key, log, lifeline)) as wire:
        print(f"waiting for {launcher} at {ip}:{port}; this machine's key is {key.public}", flush=True)
        welcome = _wait(wire, launcher)
        try:
            agent = Agent(wire, welcome, ip, run_dir, checkpoints)
        except Refusal as refusal:
            wire.send(cannot=f"on {welcome['host']}: {refusal}")
            raise
        print(f"joined run {agent.run_name} as {agent.host}: {', '.join(agent.plans)}, in {agent.run_dir}", flush=True)
        return agent.run()


def _wait(wire: Wire, launcher: str) -> dict[str, Any]:
    """Asks every second, until the launcher is there."""
    asked = 0
    while True:
        asked += 1
        if asked == PUZZLED_SECONDS:
            what = f"{launcher} does not answer yet: is a run with nodes for this machine started there, and does"
            complain(f"{what} `{program()} keys list` show on each of the two machines the key of the other?")
        wire.send(ask=True)
        select.select([wire], [], [], AGAIN_SECONDS)
        for packet in wire.receive():
            if "welcome" in packet:
                told: dict[str, Any] = packet["welcome"]
                return told
            if "refused" in packet:
                raise Refusal([Problem(launcher, packet["refused"])])
