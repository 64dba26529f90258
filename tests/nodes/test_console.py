"""The console, seen from where a person sits: a real pseudo-terminal and what it shows, and a real pipe."""

from __future__ import annotations

import fcntl
import io
import itertools
import os
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyte
import pytest
from rich.console import Console as Paint

from tests.parts.waiting import until
from tutelage import Message, play
from tutelage.messages import Demonstration, Episode, Evaluation, Metrics, Safety, Timing
from tutelage.nodes.console import Console
from tutelage.nodes.screens.screen import line, view
from tutelage.status import Status
from tutelage.teaching.progress import COURSE_VALUES, Course, Progress

FRAME_END = b"\x1b[?25h"


Counts = dict[str, int]


def status(node: str, seconds: float, said: Counts | None = None, heard: Counts | None = None,
           lost: Counts | None = None, restarts: int = 0, ended: bool = False) -> Status:  # fmt: skip
    values: dict[str, Any] = {"rollout": 0, "step": 0, "node": node, "restarts": restarts, "process_id": 1, "seconds": seconds, "said": said or {},
              "heard": heard or {}, "lost": lost or {}, "waiting": 0, "ended": ended}  # fmt: skip
    return Status(**{field.name: values[field.name] for field in Status.declared})


def episode(value: float, actor: Literal["policy", "expert"] = "policy", number: int = 0) -> Episode:
    return Episode(0, 0, actor, 0, number, 0, 20, value)


def steps(count: int) -> Metrics:
    return Metrics(0, 0, {"time/total_timesteps": float(count), "train/loss": 0.1})


def accuracies(expert: float, policy: float) -> Metrics:
    return Metrics(0, 0, {"discriminator/accuracy_expert": expert, "discriminator/accuracy_policy": policy})


def evaluation(greedy: float, sampled: float) -> Evaluation:
    return Evaluation(0, 0, 1, 4096, np.full(4, greedy), np.full(4, sampled), True)


def demonstration() -> Demonstration:
    return Demonstration(0, 0, np.zeros((3, 4), np.float32), np.zeros(2, np.int64), False, True, "somebody")


def a_run() -> Iterator[Message]:
    """Some seconds of a run, to be heard 0.1 s apart: 2048 steps each 0.2 s."""
    for i in range(3):
        yield demonstration()
        yield episode(500.0, "expert", i)
    for i in range(20):
        yield steps(2048 * (i + 1))
        yield episode(10.0 * i)
        if i % 2 == 0:
            yield status("simulator", i / 5, {"observation": 100 * i, "episode": 2 * i}, {"action": 100 * i})
            yield status("learner", i / 5, {"weights": i}, {"train/score": i})
    yield accuracies(0.71, 0.68)


class Terminal:
    """A pseudo-terminal as standard output, and what one who sits there sees."""

    def __init__(self, columns: int, lines: int) -> None:
        self.ours, theirs = os.openpty()
        self.file = os.fdopen(theirs, "w", encoding="utf-8")
        self.screen = pyte.HistoryScreen(columns, lines)
        self.resize(columns, lines)
        self.bytes = b""
        self._stream = pyte.ByteStream(self.screen)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.file.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(lines, columns)

    def _read(self) -> None:
        try:
            while data := os.read(self.ours, 65536):
                self._stream.feed(data)
                self.bytes += data
        except OSError:  # closed on the other side
            return

    def close(self) -> None:
        if not self.file.closed:
            self.file.close()
            self._reader.join(5)
            os.close(self.ours)

    @property
    def shown(self) -> list[str]:
        """The lines on the screen when all is said."""
        self.close()
        return [shown.rstrip() for shown in self.screen.display]

    def text(self) -> str:
        return "\n".join(self.shown)

    def colour(self, word: str) -> str:
        """The colour of the first letter of a word's first place on the screen."""
        y, x = next((y, shown.index(word)) for y, shown in enumerate(self.shown) if word in shown)
        return self.screen.buffer[y][x].fg


MakeTerminal = Callable[..., Terminal]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeTerminal]:
    """Makes a terminal of some size the standard output; environment variables are its."""
    made: list[Terminal] = []

    def make(columns: int = 80, lines: int = 24, **environment: str) -> Terminal:
        for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "LINES", "TTY_COMPATIBLE"):
            monkeypatch.delenv(name, raising=False)
        for name, value in ({"TERM": "xterm-256color"} | environment).items():
            monkeypatch.setenv(name, value)
        made.append(Terminal(columns, lines))
        monkeypatch.setattr(sys, "stdout", made[-1].file)
        return made[-1]

    yield make
    for each in made:
        each.close()


def console_at(times: Iterable[float], **parameters: Any) -> Console:
    """A console whose clock says these times, one each time that it looks."""
    console = Console(**parameters)
    console.now = iter(times).__next__
    return console


def tenths() -> Iterator[float]:
    return (100 + n / 10 for n in itertools.count())


def feed(console: Console, messages: Iterable[Message]) -> None:
    for message in messages:
        console.hear(message)


def test_a_terminal_shows_the_run_while_it_goes(terminal: MakeTerminal) -> None:
    screen = terminal(110)
    feed(console_at(tenths(), budget=65536, environment="CartPole-v1", algorithm="gail"), a_run())
    text = screen.text()
    assert re.fullmatch(r" gail  CartPole-v1 +3 demonstrations", screen.shown[0])
    assert re.search(r"steps +40,960 of 65,536 +6,516/s +0:06 +0:03 left", text)
    assert re.search(r"━{40,60}╸?─{20,}", text)
    assert re.search(r"return +95.0 over 20 episodes +expert 500.0 +▁+▂", text)
    assert re.search(r"discriminator +expert +71% +policy +68%", text)
    assert "evaluation" not in text
    assert re.search(r"simulator +running +0 +0 +observation 500  episode 10 +action 500", text)
    assert re.search(r"learner +running +0 +0 +weights 5 +score 5", text)


def test_the_final_state_stays_once(terminal: MakeTerminal) -> None:
    screen = terminal(100)
    console = console_at(tenths(), budget=40960, algorithm="gail", environment={"id": "Acrobot-v1", "arguments": {}})
    assert list(play(console, [*a_run(), evaluation(500.0, 487.25)])) == []
    text = screen.text()
    assert text.count("gail  Acrobot-v1 ") == 1
    assert re.search(r"evaluation +greedy 500.0 +sampled 487.2 +final weights", text)
    assert re.search(r"simulator +ended +0 +0 +observation 1.8k … +action 1.8k", text)
    assert "left" not in text


@pytest.mark.parametrize("columns, lines", [(3, 3), (20, 5), (40, 10), (60, 12), (80, 24), (200, 60)])
def test_each_drawing_covers_the_one_before_in_any_window(terminal: MakeTerminal, columns: int, lines: int) -> None:
    screen = terminal(columns, lines)
    screen.file.write("$\n")
    feed(console_at(tenths(), budget=65536, environment="CartPole-v1", algorithm="gail"), a_run())
    shown = screen.shown
    assert screen.bytes.count(FRAME_END) > 10
    assert sum(line.startswith(" gail"[: columns - 1]) for line in shown) == 1
    assert len(screen.screen.history.top) <= 1  # the prompt may have moved up, nothing of ours
    assert not screen.screen.cursor.hidden
    assert screen.screen.cursor.x == 0 and shown[screen.screen.cursor.y] == ""


def test_a_resized_window_shows_what_one_of_that_size_does(terminal: MakeTerminal) -> None:
    shown = []
    for columns in (120, 60):
        screen = terminal(columns)
        console = console_at(tenths(), budget=65536, algorithm="gail")
        feed(console, a_run())
        until(lambda screen=screen: "40,960" in "\n".join(screen.screen.display))  # type: ignore[misc]
        screen.resize(60, 24)
        feed(console, [steps(50_000)] * 4)
        shown.append(screen.shown)
    assert shown[0] == shown[1] and "50,000" in "\n".join(shown[0])


def test_many_nodes_leave_room_for_those_in_trouble(terminal: MakeTerminal) -> None:
    screen = terminal(80, 12)
    console = console_at(itertools.repeat(1.0))
    feed(console, [status(f"node{i:02}", 1.0, {"weights": 1}, restarts=int(i == 17)) for i in range(20)])
    console.interrupt()
    text = screen.text()
    assert "node17" in text and "node16" not in text
    named = len(re.findall(r"^ node\d\d", text, re.MULTILINE))
    assert named > 1 and f"and {20 - named} more" in text


def test_what_is_wrong_stands_out_and_the_rest_is_calm(terminal: MakeTerminal) -> None:
    screen = terminal(100)
    console = console_at([0.0, 0.0, 0.0, 2.0, 2.0, 3.2, 3.4])
    feed(console, [status("learner", 1.0, {"weights": 9}, restarts=2), status("policy", 1.0), status("recorder", 1.0),
                   status("policy", 3.0), status("recorder", 3.0, lost={"image": 1240}),
                   status("policy", 4.0), status("recorder", 4.0, lost={"image": 1240})])  # fmt: skip
    text = screen.text()
    assert re.search(r"learner +busy\? 3 s +2 +0$", text, re.MULTILINE)
    assert re.search(r"policy +running +0 +0", text)
    assert re.search(r"recorder +running +0 +1.2k", text)
    assert screen.colour("busy?") == screen.colour("2     0") == "brown"  # as terminals name yellow
    assert screen.colour("1.2k") == "red"
    assert screen.colour("running") == screen.colour("policy") == "default"


def test_who_has_ended_is_not_silent(terminal: MakeTerminal) -> None:
    screen = terminal()
    feed(console_at([0.0, 9.0, 9.0]), [status("teleoperator", 1.0, ended=True), status("policy", 1.0), steps(1)])
    assert re.search(r"teleoperator +ended", screen.text())


def test_an_interrupt_is_confirmed_at_once(terminal: MakeTerminal) -> None:
    screen = terminal()
    console = console_at([0.0, 0.01])
    console.hear(steps(2048))
    console.interrupt()
    assert "interrupted, ending" in screen.text()
    assert "2,048" in screen.text()


def test_no_color_is_obeyed(terminal: MakeTerminal) -> None:
    drawn = {}
    for environment in ({}, {"NO_COLOR": "1"}):
        screen = terminal(**environment)
        feed(console_at(tenths(), budget=65536), [*a_run(), status("learner", 9.0, restarts=1), steps(2)])
        drawn[bool(environment)] = screen.text()
        colours = {cell.fg for cells in screen.screen.buffer.values() for cell in cells.values()}
        assert (colours == {"default"}) == bool(environment)
    assert drawn[True] == drawn[False]


def test_a_dumb_terminal_gets_lines(terminal: MakeTerminal) -> None:
    screen = terminal(TERM="dumb")
    list(play(console_at(tenths(), budget=65536), a_run()))
    assert "steps 40960/65536" in screen.text()
    assert b"\x1b" not in screen.bytes


def test_a_terminal_without_our_characters_shows_others(
    terminal: MakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = terminal()
    monkeypatch.setattr(sys, "stdout", os.fdopen(os.dup(screen.file.fileno()), "w", encoding="ascii"))
    feed(console_at(tenths(), budget=65536), a_run())
    sys.stdout.close()
    assert "40,960 of 65,536" in screen.text() and "?????" in screen.text()


def test_a_pipe_gets_a_line_each_two_seconds_and_one_at_the_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    with (tmp_path / "out").open("w") as file:
        monkeypatch.setattr(sys, "stdout", file)
        console = console_at(tenths(), budget=65536, environment="CartPole-v1", algorithm="gail")
        list(
            play(console, [*a_run(), status("learner", 9.0, restarts=2, lost={"image": 7}), evaluation(500.0, 487.25)])
        )
    lines = (tmp_path / "out").read_text().splitlines()
    assert len(lines) == 4
    assert re.fullmatch(r"steps 10240/65536  6827/s  return 20.0 \(expert 500.0\)", lines[0])
    assert re.fullmatch(r"steps 40960/65536  \d+/s  return 95.0 \(expert 500.0\)  D expert 0.71 policy 0.68  "
                        r"evaluation greedy 500.0 sampled 487.2  restarts learner 2  lost 7", lines[-1])  # fmt: skip


HEARS_ON = """
import sys, time
from tutelage.messages import Metrics
from tutelage.nodes.console import Console
console = Console()
console.now = lambda: 3.0 * time.monotonic_ns()
for i in range(200):
    console.hear(Metrics(0, 0, {"time/total_timesteps": float(i)}))
console.finish()
sys.stdout.flush()
print("went on", file=sys.stderr)
"""


def test_nothing_is_raised_when_nobody_reads_any_more() -> None:
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen([sys.executable, "-c", HEARS_ON], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          cwd=Path(__file__).parents[2], env=buffered) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b"went on\n"
    assert process.returncode == 0


def test_hearing_costs_little(terminal: MakeTerminal) -> None:
    terminal()
    console = Console(budget=65536)
    feed(console, a_run())
    console.line_due = time.monotonic() + 60  # no drawing
    heard: list[Message] = [episode(1.0), steps(50_000), status("simulator", 9.0)]
    for message in heard:
        thousand = [message] * 1000
        assert min(timed(console, thousand) for _ in range(5)) / 1000 < 50e-6, type(message)


def timed(console: Console, messages: list[Message]) -> float:
    start = time.perf_counter()
    feed(console, messages)
    return time.perf_counter() - start


def test_drawing_is_at_most_eight_times_a_second(terminal: MakeTerminal) -> None:
    screen = terminal()
    feed(console_at(n / 1000 for n in itertools.count()), [episode(1.0)] * 2001)
    screen.close()
    assert 12 <= screen.bytes.count(FRAME_END) <= 16


def test_a_course_is_bounded_and_even() -> None:
    course: Course[float] = Course()
    for i in range(10_000):
        course.add(float(i))
        assert len(course.values) < COURSE_VALUES
    gaps = {after - before for before, after in itertools.pairwise(course.values)}
    assert course.values[0] == 0 and len(gaps) == 1 and len(course.values) >= COURSE_VALUES // 2


def test_a_learner_that_comes_back_does_not_run_backwards() -> None:
    progress = Progress()
    for now, count in enumerate([1000, 2000, 3000, 1500, 2500]):
        progress.hear(steps(count), float(now))
    assert progress.steps_per_second == 1000


def test_rates_begin_anew_with_a_restart() -> None:
    progress = Progress()
    for seconds, said, restarts in [(1.0, 500, 0), (1.5, 600, 0), (0.1, 300, 1), (0.6, 400, 1)]:
        progress.hear(status("policy", seconds, {"action": said}, restarts=restarts), 10.0 + said / 1000)
    assert progress.nodes["policy"].rates("said", 11.0) == {"action": pytest.approx(200.0)}


def test_demonstrations_that_were_missed_are_counted() -> None:
    progress = Progress()
    for message in (demonstration(), episode(500.0, "expert", 7), demonstration(), episode(500.0, "expert", 8)):
        progress.hear(message, 0.0)
    assert progress.demonstrations == 9


def test_a_demonstration_counts_once_whichever_of_its_messages_comes_first() -> None:
    progress = Progress()
    for message in (episode(500.0, "expert", 0), demonstration(), episode(500.0, "expert", 1), demonstration()):
        progress.hear(message, 0.0)
    assert progress.demonstrations == 2


def test_behaviour_cloning_shows_its_epochs() -> None:
    progress = Progress(0, "CartPole-v1", "bc")
    progress.hear(Metrics(0, 0, {"bc/epoch": 7.0, "bc/loss": 0.3, "bc/loss_held_out": 0.25}), 0.0)
    assert line(progress) == "epoch 7  loss 0.250"
    paint = Paint(width=100, record=True, file=io.StringIO())
    paint.print(view(progress, 99, 30, 1.0))
    shown = paint.export_text()
    assert "epoch          7   loss 0.250" in shown and "steps" not in shown


def test_nothing_is_shown_before_the_nodes_have_accepted_their_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    for accepted in (False, True):
        console = console_at(itertools.count(0.0, 9.0))
        feed(console, [status("learner", second, {"weights": int(accepted)}) for second in (0.5, 1.0)])
        console.finish()
        assert ("started" in capsys.readouterr().out) == accepted
    console = console_at(itertools.count(0.0, 9.0))
    console.warn(["learner has not answered for 4 s"])
    assert "learner has not answered" in capsys.readouterr().out


def test_a_learner_with_epochs_and_steps_shows_both() -> None:
    progress = Progress(2048, "CartPole-v1", "dagger")
    progress.hear(Metrics(0, 0, {"bc/epoch": 8.0, "bc/loss_held_out": 0.25, "time/total_timesteps": 256.0}), 0.0)
    paint = Paint(width=100, record=True, file=io.StringIO())
    paint.print(view(progress, 99, 30, 1.0))
    shown = paint.export_text()
    assert "epoch          8   loss 0.250" in shown and "steps          256 of 2,048" in shown


def test_a_line_says_what_is_known_and_no_more() -> None:
    progress = Progress()
    assert line(progress) == "started"
    progress.hear(status("learner", 1.0), 0.0)
    progress.hear(steps(2048), 0.0)
    progress.warnings = ["learner has not answered for 4 s"]
    assert line(progress) == "steps 2048  learner has not answered for 4 s"


def test_a_robots_state_and_timing_are_shown():
    progress = Progress(0, "", "hardware")
    progress.hear(Safety(0, 0, "stopped", "controlled stop: no action since 101 ms ago"), 0.0)
    progress.hear(Timing(0, 0, 10.0, 49.98, 0.031, 0.001, 0.002, 3, 1, 1), 1.0)
    told = line(progress)
    assert "robot stopped: controlled stop: no action since 101 ms ago  50.0 Hz, longest 31 ms, missed 3" in told
    paint = Paint(width=100, record=True, file=io.StringIO())
    paint.print(view(progress, 99, 30, 1.0))
    assert "stopped: controlled stop" in paint.export_text()
