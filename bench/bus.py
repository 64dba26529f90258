"""How fast the bus is, as a node uses it, beside pyzmq and msgpack alone. Two processes, in turns, medians of rounds.

    python bench/bus.py [--rounds 5] [--only small image image_kept flood flood_long] [--json]

small, image    a message there and back: node, codec, inbox, bus, and again (us); images between nodes of a robot
image_kept      images between nodes of a simulation, which keep all of them until they are safe on disk; pyzmq alone
                keeps them in memory, which costs it more than to send them: memory that is not reused is made anew
flood           one way, all of them counted (received and handled a second)
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from bench import bus_floor as floor
from tutelage.graph import Graph, NodePlan
from tutelage.supervision import child
from tutelage.supervision.supervisor import Supervisor

Measured = dict[str, float]


@dataclass
class Question:
    """What is measured; `worst` is the ratio to the floor that is still good, `least` the rate a second."""

    name: str
    kind: str
    count: int
    warm: int = 0
    worst: float = float("inf")
    least: float = 0.0


QUESTIONS = [
    Question("small", "small", 3000, 300, worst=1.3),
    Question("image", "image", 300, 40, worst=1.2),
    Question("image_kept", "image", 300, 40, worst=1.2),
    Question("flood", "flood", 20_000, least=80_000),
    Question("flood_long", "flood", 200_000, least=80_000),
]


def round_trips(times: list[int]) -> Measured:
    microseconds = np.asarray(times) / 1e3
    return {"p50": float(np.median(microseconds)), "p99": float(np.percentile(microseconds, 99))}


def rates(sender: dict[str, Any], receiver: dict[str, Any], count: int) -> Measured:
    """From the first message's making to the last one's handling, as one rate; and the sender's alone."""
    return {
        "rate": receiver["received"] / (receiver["end"] - sender["begin"]) * 1e9,
        "lost": count - receiver["received"],
        "said": count / (sender["end"] - sender["begin"]) * 1e9,
        "sender_megabytes": sender.get("peak_megabytes", 0.0),
        "receiver_megabytes": receiver.get("peak_megabytes", 0.0),
    }


def through_nodes(question: Question, folder: Path) -> Measured:
    """Two nodes in two processes, as a launch file would start them."""
    near, far = folder / "near.json", folder / "far.json"
    if question.kind == "flood":
        graph = _graph(
            "flood",
            ("Flooder", {"count": question.count, "report": str(near)}),
            ("Counter", {"report": str(far)}),
            ("ready", "small"),
        )
    else:
        parameters = {"kind": question.kind, "count": question.count, "warm": question.warm, "report": str(near)}
        way = "Realtime" if question.name == "image" else ""
        graph = _graph("echo", (f"{way}Asker", parameters), (f"{way}Answerer", {}), (question.kind, question.kind))
    (folder / "checkpoints").mkdir()
    outcome = Supervisor(graph, folder, "bench").run()
    if outcome.exit_code or outcome.restarts or outcome.lost:
        logs = "".join(log.read_text() for log in (folder / "logs").glob("*.log"))
        raise RuntimeError(f"the bench's graph failed: {outcome}\n{logs}")
    measured = json.loads(near.read_text())
    if question.kind == "flood":
        return rates(measured, json.loads(far.read_text()), question.count)
    return round_trips(measured["times"])


def _graph(
    name: str, near: tuple[str, dict[str, Any]], far: tuple[str, dict[str, Any]], topics: tuple[str, str]
) -> Graph:
    def plan(node: str, other: str, run: tuple[str, dict[str, Any]], topic: str, said: str) -> NodePlan:
        return NodePlan(
            node,
            f"bench.bus_nodes:{run[0]}",
            parameters=run[1],
            hears={topic: [other]},
            takes={topic: topic},
            says={said: said},
            restarts=0,
        )

    return Graph(name, [plan("near", "far", near, *topics), plan("far", "near", far, *reversed(topics))])


def through_floor(question: Question, folder: Path) -> Measured:
    """The same between two processes that use nothing of ours but the fork."""
    if question.kind == "flood":
        near, far = _fork_both(folder, floor.flood(folder, question.count), floor.count(folder))
        return rates(near, far, question.count)
    near, _ = _fork_both(
        folder,
        floor.ask(folder, question.kind, question.count, question.warm),
        floor.answer(folder, question.kind == "image", question.name == "image_kept"),
    )
    return round_trips(near["times"])


def _fork_both(folder: Path, near: Callable[..., None], far: Callable[..., None]) -> list[dict[str, Any]]:
    """Runs two bodies to their ends; what each has reported last."""
    children: list[child.Child] = []
    for name, body in (("far", far), ("near", near)):
        children.insert(0, child.fork(name, body, folder / f"{name}.log", children))
    said = []
    for one in children:
        with one.lifeline.makefile("r") as lines:  # until its process is gone
            said.append(lines.read())
    for one in children:
        one.lifeline.close()
        if os.waitpid(one.pid, 0)[1]:
            raise RuntimeError(f"the floor's {one.name} failed: {(folder / f'{one.name}.log').read_text()}")
    return [json.loads(line or "{}") for line in said]


def measure(question: Question, rounds: int) -> dict[str, Any]:
    """Both in turns, who is first alternating; medians over the rounds, of the ratios too."""
    bus: list[Measured] = []
    raw: list[Measured] = []
    turns: list[tuple[Callable[[Question, Path], Measured], list[Measured]]] = [
        (through_floor, raw),
        (through_nodes, bus),
    ]
    for number in range(rounds):
        for through, into in turns[:: 1 if number % 2 else -1]:
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                before = _processor_seconds()
                into.append(through(question, Path(folder)))
                into[-1]["cpu"] = (_processor_seconds() - before) / (question.warm + question.count) * 1e6
    main = "rate" if question.kind == "flood" else "p50"
    ratios = [b[main] / r[main] for b, r in zip(bus, raw, strict=True)]
    middle = {
        side: {key: median(m[key] for m in many) for key in many[0]} for side, many in (("bus", bus), ("raw", raw))
    }
    good = median(ratios) <= question.worst and middle["bus"].get("rate", np.inf) >= question.least
    lost = sum(int(m.get("lost", 0)) for m in bus)
    return {
        "question": question.name,
        "rounds": rounds,
        **middle,
        "ratio": median(ratios),
        "ratios": [round(r, 3) for r in ratios],
        "lost": lost,
        "good": bool(good and not lost),
    }


def _processor_seconds() -> float:
    """What all ended children have used; unlike waiting, it hardly depends on who else uses the machine."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def row(question: Question, found: dict[str, Any]) -> str:
    main, unit = ("rate", "/s") if question.kind == "flood" else ("p50", "us")
    target = f"{question.least:,.0f}/s" if question.least else f"{question.worst} x"
    bus, raw = found["bus"][main], found["raw"][main]
    return (
        f"{question.name:<11}{bus:>12,.1f}{unit}{raw:>12,.1f}{unit}{found['ratio']:>8.2f}{target:>10}"
        f"{'yes' if found['good'] else 'NO':>6}{found['lost']:>6}"
        f"{found['bus']['cpu']:>13.1f}us{found['raw']['cpu']:>9.1f}us{found['bus']['cpu'] / found['raw']['cpu']:>7.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=[q.name for q in QUESTIONS])
    parser.add_argument("--json", action="store_true", help="a line of JSON a question instead of the table")
    options = parser.parse_args()
    if not options.json:
        print(f"{'':<11}{'through nodes':>14}{'pyzmq alone':>14}{'ratio':>8}{'target':>10}{'met':>6}{'lost':>6}"
              f"{'processor':>15}{'alone':>11}{'ratio':>7}")  # fmt: skip
    for question in QUESTIONS:
        if not options.only or question.name in options.only:
            found = measure(question, options.rounds)
            print(json.dumps(found) if options.json else row(question, found), flush=True)


if __name__ == "__main__":
    main()
