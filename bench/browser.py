"""What a page costs. From a key to the command that the emulated rig was told, by a page and by a terminal; and how
fast a run learns while its page is open in a browser and while it is not, in turns; and what a page that is left open
grows to.

    python bench/browser.py keys [--presses 200] [--rate 50]
    python bench/browser.py learning [--turns 4] [--budget 200000]
    python bench/browser.py open [--minutes 30]

It needs the extra `test`, and Chromium. A key counts from its event in the browser, or from its writing into the
pseudo-terminal, to the end of the writing of the first command of its direction. Half a period of the robot is waiting.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
# as the command line does before numpy is loaded: runs are forked from this process

import numpy as np
import psutil

from tests.nodes.test_teaching_by_page import idle
from tests.parts.chromium import Visitor, chromium
from tests.parts.person import LEFT, RIGHT, SPACE, Person
from tests.parts.rigs import running
from tests.parts.run_cli import Run
from tutelage.messages import Command, Safety
from tutelage.recording import Reader

Press = Callable[[bool], int]
"""Presses a key, to the left or not, for a moment; when that was, in ns of the monotonic clock."""

NOTE = "addEventListener('keydown', (event) => (window.pressed = performance.timeOrigin + event.timeStamp), true)"


def pressed(press: Press, presses: int) -> list[tuple[int, bool]]:
    """Left and right in turns, at random moments of the rig's period."""
    found = []
    for i in range(presses):
        time.sleep(random.uniform(0.5, 0.6))  # a terminal's key counts as held for 0.25 s
        found.append((press(bool(i % 2)), bool(i % 2)))
    return found


@contextmanager
def ending(run: Run) -> Iterator[None]:
    """Ends a run at last, if it still runs."""
    try:
        yield
    finally:
        if run.process.poll() is None:
            run.kill()


@contextmanager
def by_page(words: list[str], folder: Path) -> Iterator[tuple[Run, Press]]:
    run = Run(folder, *words, "operator:=browser", "device:={hold: 1.0}")
    with ending(run), chromium() as browser:
        visitor = Visitor(browser, run)
        visitor.page.evaluate(NOTE)
        visitor.sees("robot MOVING")
        visitor.press("g")
        visitor.sees("YOU DRIVE")
        ahead = time.time_ns() - time.monotonic_ns()

        def press(left: bool) -> int:
            key = "ArrowLeft" if left else "ArrowRight"
            visitor.hold(key)
            time.sleep(0.1)
            visitor.let_go(key)
            return int(visitor.page.evaluate("window.pressed") * 1e6) - ahead

        yield run, press


@contextmanager
def by_terminal(words: list[str], folder: Path) -> Iterator[tuple[Run, Press]]:
    person = Person(folder, *words, "operator:=keyboard")

    def press(left: bool) -> int:
        now = time.monotonic_ns()
        person.press(LEFT if left else RIGHT)
        return now

    with closing(person):
        person.sees("robot MOVING")
        person.press(SPACE)
        person.sees("YOU DRIVE")
        yield person, press


def delays(run_dir: Path, presses: list[tuple[int, bool]]) -> np.ndarray:
    """Of each press: ms until a command of its direction was written. After the guard has stopped there is none."""
    told = [message for _, message in Reader(run_dir / "recording.mcap").of(Command) if isinstance(message, Command)]
    found = []
    for at, left in presses:
        after = (one.written for one in told if one.written > at and one.requested.size and _direction(one) == left)
        found += [(written - at) / 1e6 for written in [next(after, None)] if written]
    return np.array(found)


def _direction(command: Command) -> bool | None:
    torque = command.requested[0]
    return None if abs(torque) < 0.5 else bool(torque > 0)


def beside(run: Run) -> float:
    """CPU seconds of all threads of the node that drives, but of its main one."""
    node = psutil.Process(run.nodes()["teleoperator"])
    return sum(one.user_time + one.system_time for one in node.threads() if one.id != node.pid)


def keys(presses: int, rate: float) -> None:
    for name, way in (("page", by_page), ("terminal", by_terminal)):
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place,
            running("pendulum", "serial", Path(place)) as rig,
        ):
            folder = Path(place)
            robot = rig.file(folder, rate=rate, ages={"apply": 2, "hold": 5})
            words = [
                f"policy:={idle(folder / 'policy')}",
                f"robot:={robot}",
                "record:=true",
                "patience:=0",
                "episode_steps:=1000000",
            ]
            with way(["hardware.yaml", *words], folder) as (run, press):
                before, began = beside(run), time.monotonic()
                made = pressed(press, presses)
                share = (beside(run) - before) / (time.monotonic() - began)
                time.sleep(0.5)
                run.kill()
            ms = delays(run.run_dir, made)
            stops = [said.reason for _, said in Reader(run.run_dir / "recording.mcap").of(Safety)][2:]  # armed, moving
        middle, high = np.percentile(ms, [50, 99]) if len(ms) else (np.nan, np.nan)
        acted = f"{len(ms)} of {presses} presses acted {stops or ''}"
        print(
            f"{name:9} {acted}: median {middle:.1f} ms, 99 % within {high:.1f} ms; "
            f"of one core beside the thread that drives: {share:.1%}",
            flush=True,
        )


class Processes:
    """CPU seconds and memory of the page's node and of the browser. They are read from /proc: Linux only."""

    def __init__(self, node: int) -> None:
        self.node = psutil.Process(node)

    def browser(self) -> list[psutil.Process]:
        return [one for one in psutil.Process().children(recursive=True) if "chrom" in one.name()]

    def seconds(self) -> np.ndarray:
        """CPU seconds so far: of the node, of the browser."""
        return np.array([used(self.node), sum(map(used, self.browser()))])


def used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def until_it_learns(run: Run) -> int:
    """Waits for the first measurements; the process id of the page's node."""
    while not (run.run_dir / "metrics.jsonl").exists():
        time.sleep(0.05)
    return run.nodes()["dashboard"]


def learned(budget: int, looks: bool) -> tuple[float, np.ndarray]:
    """Steps a second of a run with a page, which somebody looks at, or nobody; CPU seconds of the node, the browser.

    The browser is there before, as it is when somebody opens a page.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place, chromium() as browser:
        browser.new_page()
        run = Run(Path(place), "gail.yaml", "dashboard:=true", f"budget:={budget}", "episodes:=1")
        with ending(run):
            measured = Processes(until_it_learns(run))
            before, spent = measured.seconds(), np.zeros(2)
            if looks:
                Visitor(browser, run, desk=False)
            while not (run.run_dir / "report.json").exists():
                with suppress(psutil.NoSuchProcess):
                    spent = measured.seconds() - before
                time.sleep(0.2)
            run.wait(60)
        return float(run.report["steps_per_second"]), spent


def learning(turns: int, budget: int) -> None:
    """The run is watched from its first measurements to its end, with the page's opening, not the browser's."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    seconds: dict[bool, list[np.ndarray]] = {False: [], True: []}
    for turn in range(2 * turns):
        rate, spent = learned(budget, looks := bool(turn % 2))
        rates[looks].append(rate)
        seconds[looks].append(spent)
    for looks, found in rates.items():
        said = "  ".join(f"{rate:.0f}" for rate in found)
        node, browser = np.median(seconds[looks], axis=0)
        print(
            f"page {'open  ' if looks else 'closed'} {np.median(found):.0f} steps a second, the median of {said}; "
            f"CPU seconds: the page's node {node:.2f}, the browser {browser:.2f}"
        )
    pairs = [a / b for a, b in zip(rates[True], rates[False], strict=True)]
    print(f"open beside closed: {np.median(pairs):.3f}, the median of {'  '.join(f'{pair:.3f}' for pair in pairs)}")


def left_open(minutes: float) -> None:
    """Memory of the node and of the page, which is left open; its growth is fitted to the second half."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        run = Run(Path(place), "gail.yaml", "dashboard:=true", "budget:=1000000000", "episodes:=1")
        with ending(run), chromium() as browser:
            measured = Processes(until_it_learns(run))
            visitor = Visitor(browser, run, desk=False)
            tools = visitor.page.context.new_cdp_session(visitor.page)
            began, rows, before = time.monotonic(), [], measured.seconds()
            while time.monotonic() - began < 60 * minutes:
                visitor.page.wait_for_timeout(5000)
                tools.send("HeapProfiler.collectGarbage")
                heap = tools.send("Runtime.getHeapUsage")["usedSize"]
                shown = visitor.page.evaluate("document.getElementsByTagName('*').length")
                rows.append(((time.monotonic() - began) / 60, measured.node.memory_info().rss / 1e6, heap / 1e6, shown))
            spent = (measured.seconds() - before) / (60 * minutes)
    table = np.array(rows)
    late = table[len(table) // 2 :]
    for i, name in ((1, "node's memory, MB"), (2, "page's JavaScript heap, MB"), (3, "page's elements")):
        slope = np.polyfit(late[:, 0], late[:, i], 1)[0]
        first, last = table[[0, -1], i]
        print(f"{name:26} {first:.1f} at first, {last:.1f} at last, {slope:+.3f} a minute in the second half")
    print(f"of one core: the page's node {spent[0]:.1%}, the browser {spent[1]:.1%} (with garbage collected every 5 s)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["keys", "learning", "open"])
    parser.add_argument("--presses", type=int, default=200)
    parser.add_argument("--rate", type=float, default=50, help="Hz; a busy machine keeps only lower ones")
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--budget", type=int, default=200_000)
    parser.add_argument("--minutes", type=float, default=30)
    asked = parser.parse_args()
    if asked.what == "keys":
        keys(asked.presses, asked.rate)
    elif asked.what == "learning":
        learning(asked.turns, asked.budget)
    else:
        left_open(asked.minutes)


if __name__ == "__main__":
    main()
