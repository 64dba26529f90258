"""`tutelage node` and `tutelage topic`: the nodes on this machine, and their messages."""

from __future__ import annotations

from collections.abc import Callable

import click

from tutelage import completion as complete
from tutelage.options import JSON, RUN


@click.group()
def node() -> None:
    """Look at the nodes on this machine."""


@node.command("list")
@JSON
def node_list(as_json: bool) -> None:
    """List the nodes of all runs: process, state, restarts."""
    from tutelage import output
    from tutelage.observers import runs
    from tutelage.supervision import registry

    rows = runs.nodes(registry.runs())
    text = output.table(runs.NodeRow._fields, rows) if rows else "no graph is running"
    click.echo(output.json_rows(rows) if as_json else text)


@node.command("info")
@click.argument("name", shell_complete=complete.nodes)
@RUN
def node_info(name: str, run: str | None) -> None:
    """Print the process, topics and parameters of the node NAME."""
    from tutelage.observers import info, runs

    click.echo(info.node(runs.running(run), name))


@node.command("log")
@click.argument("name", shell_complete=complete.nodes)
@RUN
@click.option("--follow", is_flag=True, help="Keep printing until the run has ended.")
@click.option("--lines", type=click.IntRange(min=0), help="Only this many of the last lines.")
@JSON
def node_log(name: str, run: str | None, follow: bool, lines: int | None, as_json: bool) -> None:
    """Print the log of the node NAME."""
    from tutelage import output
    from tutelage.observers import logs

    printed = logs.lines(logs.find(name, run), lines, follow)
    output.show(output.json_lines(printed) if as_json else printed)


@click.group()
def topic() -> None:
    """Look at the messages of a running graph, without slowing it."""


@topic.command("list")
@RUN
@click.option("--rates", is_flag=True, help="Measure the rates for 1.6 seconds.")
@JSON
def topic_list(run: str | None, rates: bool, as_json: bool) -> None:
    """List the topics of a run: message types, publishers, subscribers."""
    from tutelage import output
    from tutelage.observers import runs

    rows = runs.topics(runs.running(run), rates)
    titles = runs.TopicRow._fields if rates else runs.TopicRow._fields[:-1]
    click.echo(output.json_rows(rows) if as_json else output.table(titles, (row[: len(titles)] for row in rows)))


@topic.command("info")
@click.argument("topic", shell_complete=complete.topics)
@RUN
def topic_info(topic: str, run: str | None) -> None:
    """Print the message type of TOPIC, its publishers and subscribers."""
    from tutelage.observers import info, runs

    click.echo(info.topic(runs.running(run), topic))


@topic.command("find")
@click.argument("type_name", metavar="TYPE", shell_complete=complete.message_types)
@RUN
def topic_find(type_name: str, run: str | None) -> None:
    """Print the topics of a message TYPE, for example Transition."""
    from tutelage.observers import runs

    click.echo("\n".join(runs.of_type(runs.running(run), type_name)))


@topic.command("echo")
@click.argument("topics", nargs=-1, required=True, shell_complete=complete.topics)
@RUN
@click.option("--count", type=click.IntRange(min=1), help="End after so many messages.")
@click.option("--once", is_flag=True, help="End after one message.")
@click.option("--field", help="Print only this field.")
@click.option("--full", is_flag=True, help="Print arrays whole.")
@click.option("--csv", "as_csv", is_flag=True, help="As rows of CSV, with arrays whole; of one topic.")
@JSON
def topic_echo(
    topics: tuple[str, ...],
    run: str | None,
    count: int | None,
    once: bool,
    field: str | None,
    full: bool,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Print the messages on TOPICS as they pass."""
    from tutelage import output
    from tutelage.observers import echo, runs

    if as_csv and as_json:
        raise click.UsageError("leave out --csv or --json")
    echoed = echo.Echo(runs.running(run), list(topics), 1 if once else count, as_json, full, field, as_csv)
    output.show(echoed.lines())
    click.echo(echoed.summary(), err=True)


@topic.command("pub")
@click.argument("topic", shell_complete=complete.topics)
@click.argument("type_name", metavar="TYPE", shell_complete=complete.message_types)
@click.argument("values")
@RUN
@click.option("--once", is_flag=True, help="Publish one message; otherwise until Ctrl-C.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True, metavar="HZ",
              help="Messages a second; with rollouts, at most one a rollout.")  # fmt: skip
def topic_pub(topic: str, type_name: str, values: str, run: str | None, once: bool, rate: float) -> None:
    """Publish messages of TYPE with these VALUES on TOPIC, for example '{order: stop, reason: hot}'."""
    from tutelage import output
    from tutelage.observers import runs, steered

    output.show(steered.publish(runs.running(run, alone=True), topic, type_name, values, rate, once))


def measuring(command: Callable[..., None]) -> Callable[..., None]:
    """The argument and options of a command that measures a topic."""
    window = click.option(
        "--window", type=click.IntRange(min=2), default=1000, show_default=True, help="Messages to measure over."
    )
    count = click.option("--count", type=click.IntRange(min=1), help="End after so many reports.")
    return click.argument("topic", shell_complete=complete.topics)(RUN(window(count(JSON(command)))))


@topic.command("hz")
@measuring
def topic_hz(topic: str, run: str | None, window: int, count: int | None, as_json: bool) -> None:
    """Measure the rate of TOPIC, and print it every second."""
    from tutelage import output
    from tutelage.observers import rate, reports, runs

    output.show(reports.reports(runs.running(run), topic, rate.measure, window, count, as_json))


@topic.command("bw")
@measuring
def topic_bw(topic: str, run: str | None, window: int, count: int | None, as_json: bool) -> None:
    """Measure the bytes a second of TOPIC and the size of its messages, and print them every second."""
    from tutelage import output
    from tutelage.observers import bandwidth, reports, runs

    output.show(reports.reports(runs.running(run), topic, bandwidth.measure, window, count, as_json))


@topic.command("delay")
@measuring
def topic_delay(topic: str, run: str | None, window: int, count: int | None, as_json: bool) -> None:
    """Measure how long messages on TOPIC take from their publishing until they are here, and print it every second."""
    from tutelage import output
    from tutelage.observers import delay, reports, runs

    found = runs.running(run)
    delay.check_clock(found, topic)
    output.show(reports.reports(found, topic, delay.measure, window, count, as_json, at_once=True))
