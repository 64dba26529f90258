"""Draws a run's progress, as a view for a terminal or as a line of text. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group
from rich.text import Text

from tutelage.messages import Evaluation
from tutelage.teaching.progress import Progress, Pulse

LABEL = 15
"""Columns before the values."""

CURVE = 32
"""Columns of the curve of returns, at most."""

TOPIC = 16
"""Columns that a topic and its rate need."""

BLOCKS = "▁▂▃▄▅▆▇█"
QUIET, ACCENT, ODD, BAD = "dim", "cyan", "bold yellow", "bold red"

Part = str | tuple[str, str]


def line(progress: Progress) -> str:
    """The most important values, in one line without colour."""
    budget = f"/{progress.budget}" if progress.budget else ""
    parts = [f"steps {progress.steps}{budget}"] if progress.steps or progress.budget else []
    parts += [f"epoch {progress.epoch}  loss {progress.loss:.3f}"] if progress.epoch else []
    if (rate := progress.steps_per_second) is not None:
        parts.append(f"{rate:.0f}/s")
    if (mean := progress.policy_return) is not None:
        expert = progress.expert_return
        parts.append(f"return {mean:.1f}" + (f" (expert {expert:.1f})" if expert is not None else ""))
    if progress.accuracy:
        parts.append(" ".join(["D", *(f"{side} {value:.2f}" for side, value in progress.accuracy.items())]))
    if (found := progress.evaluation) is not None:
        parts.append("evaluation " + " ".join(f"{way} {mean:.1f}" for way, mean in means(found)))
    parts += [f"robot {text}" for text, _ in _machine(progress)[:1]] + [text for text, _ in _machine(progress)[1:]]
    return "  ".join([*parts, *_troubles(progress)]) or "started"


def _machine(progress: Progress) -> list[tuple[str, str]]:
    """A robot's state, and how well its deadlines are kept."""
    parts = []
    if (safety := progress.safety) is not None:
        style = BAD if safety.state in ("stopped", "fault") else ACCENT
        parts.append((": ".join(filter(None, (safety.state, safety.reason))), style))
    if (kept := progress.timing) is not None:
        text = f"{kept.rate_mean:.1f} Hz, longest {1000 * kept.interval_max:.0f} ms, missed {kept.deadlines_missed}"
        parts.append((text, ODD if kept.deadlines_missed else QUIET))
    return parts


def _troubles(progress: Progress) -> list[str]:
    nodes = sorted(progress.nodes.items())
    troubles = [
        *progress.warnings,
        *(f"restarts {name} {node.last.restarts}" for name, node in nodes if node.last.restarts),
    ]
    troubles += [f"lost {progress.lost}"] if progress.lost else []
    return troubles + (["interrupted"] if progress.interrupted else [])


def view(progress: Progress, width: int, height: int, now: float) -> Group:
    """The whole view, in so many columns and at most so many lines."""
    lines = [_title(progress, width), *(_line((sentence, BAD)) for sentence in progress.warnings)]
    lines += [Text(), *_steps(progress, width, now), *_return(progress, width)]
    lines += [*_evaluation(progress), *_discriminator(progress)]
    lines += [_row("robot", (text, style)) for text, style in _machine(progress)]
    room = height - len(lines) - 2
    if progress.nodes and room > 0:
        lines += [Text(), *_nodes(progress, width, room, now)]
    for drawn in lines:
        drawn.truncate(width, overflow="crop")
    return Group(*lines[:height])


def _line(*parts: Part) -> Text:
    return Text.assemble(" ", *parts, no_wrap=True)


def _row(label: str, *parts: Part) -> Text:
    return _line((f"{label:{LABEL}}", QUIET), *parts)


def _title(progress: Progress, width: int) -> Text:
    many = "" if progress.demonstrations == 1 else "s"
    right = f"{progress.demonstrations} demonstration{many}" if progress.demonstrations else ""
    style = QUIET
    if progress.interrupted and not progress.finished:
        right, style = "interrupted, ending", ODD
    left = _line((progress.algorithm or "run", "bold"), "  ", progress.environment)
    return left.append(f"{right:>{max(2 + len(right), width - len(left))}}", style)


def _steps(progress: Progress, width: int, now: float) -> list[Text]:
    loss = (f"   loss {progress.loss:.3f} on held-out pairs", QUIET)
    epoch = [_row("epoch", (f"{progress.epoch}", "bold"), loss)] if progress.epoch else []
    if epoch and not progress.steps:
        return epoch
    rate, left = progress.steps_per_second, max(0, progress.budget - progress.steps)
    parts: list[Part] = [(f"{progress.steps:,}", "bold")]
    parts += [(f" of {progress.budget:,}", QUIET)] if progress.budget else []
    parts += [f"   {rate:,.0f}/s"] if rate is not None else []
    parts += [f"   {clock(now - (progress.began or now))}"]
    parts += [(f"   {clock(left / rate)} left", QUIET)] if rate and left and not progress.finished else []
    rows = [*epoch, _row("steps", *parts)]
    return [*rows, _bar(progress.steps / progress.budget, width - LABEL - 1)] if progress.budget else rows


def _bar(share: float, width: int) -> Text:
    """A bar whose done part is thick, so that it can be read without colour."""
    halves = round(2 * max(width, 0) * min(share, 1.0))
    done = "━" * (halves // 2) + "╸" * (halves % 2)
    return _row("", (done, ACCENT), ("─" * (width - len(done)), QUIET))


def _return(progress: Progress, width: int) -> list[Text]:
    mean, expert = progress.policy_return, progress.expert_return
    parts: list[Part] = []
    if mean is not None:
        parts += [(f"{mean:.1f}", "bold"), (f" over {len(progress.returns)} episodes   ", QUIET)]
    if expert is not None:
        parts += [("expert ", QUIET), f"{expert:.1f}   "]
    row = _row("return", *parts)
    room = min(CURVE, width - len(row))
    if len(progress.course.values) > 1 and room > 0:
        row.append(_curve(progress.course.values, expert, room), ACCENT)
    return [row] if parts else []


def _curve(values: list[float], expert: float | None, width: int) -> str:
    """A curve in so many columns; the expert's return is its full height."""
    if len(values) > width:
        values = [values[(i + 1) * len(values) // width - 1] for i in range(width)]
    low, high = min(values), max([*values, *([expert] if expert is not None else [])])
    return "".join(BLOCKS[int(7 * (value - low) / (high - low)) if high > low else 0] for value in values)


def _evaluation(progress: Progress) -> list[Text]:
    if (found := progress.evaluation) is None:
        return []
    when = "final weights" if found.final else f"after {found.environment_steps:,} steps"
    shown = [part for way, mean in means(found) for part in ((f"{way} ", QUIET), (f"{mean:.1f}   ", "bold"))]
    return [_row("evaluation", *shown, (when, QUIET))]


def means(found: Evaluation) -> list[tuple[str, float]]:
    ways = (("greedy", found.greedy), ("sampled", found.sampled))
    return [(way, float(returns.mean())) for way, returns in ways if returns.size]


def _discriminator(progress: Progress) -> list[Text]:
    parts: list[Part] = []
    for side, accuracy in progress.accuracy.items():
        parts += [(f"{side} ", QUIET), f"{accuracy:4.0%}   "]
    return [_row("discriminator", *parts, ("right; 50% is chance", QUIET))] if parts else []


def _nodes(progress: Progress, width: int, room: int, now: float) -> list[Text]:
    """A table in the order of names; if it would be too long, nodes in trouble come first."""
    nodes = sorted(progress.nodes.items())
    more = len(nodes) - room
    if more > 0:
        nodes.sort(key=lambda item: not (item[1].silent_seconds(now) or item[1].last.restarts or item[1].lost))
        nodes = nodes[: room - 1]
    named = max(LABEL - 1, *(len(name) for name in progress.nodes))
    said, heard = _columns(width - named - 33)
    per = "" if progress.finished else "/s"
    head = f"{'node':{named}} {'state':<12} restarts  lost"
    head += f"   {f'published{per}':{said}}" * (said > 0) + f" received{per}" * (heard > 0)
    rows = [_node(f"{name:{named}}", node, progress.finished, said, heard, now) for name, node in nodes]
    return [_line((head, QUIET)), *rows, *([_line((f"and {more + 1} more", QUIET))] if more > 0 else [])]


def state_of(node: Pulse, finished: bool, now: float) -> str:
    """A node's state in a word."""
    if silent := node.silent_seconds(now):
        return f"busy? {_long(silent)}"
    return "ended" if node.ended or finished else "running"


def _columns(room: int) -> tuple[int, int]:
    """The widths of published and received topics: without room for both only one, or none."""
    if room >= 2 * TOPIC:
        return room // 2, room // 2
    return (room, 0) if room >= TOPIC else (0, 0)


def _node(name: str, node: Pulse, finished: bool, said: int, heard: int, now: float) -> Text:
    silent, state = node.silent_seconds(now), state_of(node, finished, now)
    calm = QUIET if state == "ended" else ""
    said_counts, heard_counts = node.last.said, node.last.heard
    shown = (said_counts, heard_counts) if finished else (node.rates("said", now), node.rates("heard", now))
    return _line(
        (f"{name} ", calm),
        (f"{state:<12} ", ODD if silent else calm),
        (f"{node.last.restarts:8}  ", ODD if node.last.restarts else QUIET),
        (f"{_short(node.lost):>4}   ", BAD if node.lost else QUIET),
        (f"{_moved(said_counts, shown[0], said - 1):{said}} ", calm),
        (_moved(heard_counts, shown[1], heard), calm),
    )


def _moved(totals: dict[str, int], shown: Mapping[str, float], width: int) -> str:
    """The busiest topics by their totals, as many as there is room for: in the order of rates they would jump about."""
    busy = [topic for topic in sorted(totals, key=totals.__getitem__, reverse=True) if shown.get(topic, 0) > 0]
    words = [f"{topic.rpartition('/')[2]} {_short(shown[topic])}" for topic in busy]
    for count in range(len(words), 0, -1):
        text = "  ".join(words[:count]) + (" …" if count < len(words) else "")
        if len(text) <= width:
            return text
    return words[0][: max(0, width)] if words else ""


def _short(count: float) -> str:
    if count >= 10_000_000:
        return f"{count / 1e6:.0f}M"
    if count >= 1000:
        return f"{count / 1e3:.0f}k" if count >= 10_000 else f"{count / 1e3:.1f}k"
    return f"{count:.0f}" if count >= 10 or count == int(count) else f"{count:.1f}"


def clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def _long(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
