"""Shows the messages of a running graph live in Foxglove or Lichtblick. It needs the extra `foxglove`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from tutelage import Message, Node
from tutelage.foreign import message_type
from tutelage.graph import Graph
from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import installing
from tutelage.observers import runs
from tutelage.observers.listener import Heard, hear
from tutelage.recording.export import as_json, json_schema
from tutelage.transport import places

LOOK_SECONDS = 0.05
"""How often it looks which topics the viewers want, and how long it passes messages on before it looks again."""

LEAST_SECONDS = 0.005
"""The least time between two messages on a topic; of those in between the last is shown."""


class Foxglove(Node):
    """Serves all topics on 127.0.0.1 (port 0: a free one) by Foxglove's protocol, and prints its address once.

    Messages are JSON; times are those of the wall clock, and for other machines' messages those of arrival. It
    subscribes only to topics that a viewer looks at, so all others cost nothing. Viewers cannot publish.
    """

    order = "arrival"
    observer = screen = clock = True

    def __init__(self, port: int = 0) -> None:
        try:
            import foxglove
        except ImportError as error:
            raise Refusal([Problem("foxglove", f"its SDK cannot be imported: {installing('foxglove')}")]) from error
        self.sdk, self.port = foxglove, port
        self.viewed: set[str] = set()
        self.messages: Iterator[Heard | None] = iter(())
        self.places: places.Places | None = None
        self.newest: dict[str, tuple[int, Message]] = {}  # and when it was captured, by topic, until it is shown
        self.next_look = 0.0

    def start(self) -> tuple[Message, ...]:
        self.graph = Graph.of_run(self.run_dir)
        self.kinds = {topic: message_type(schema) for topic, schema in self.graph.messages.items()}
        self.context = context = self.sdk.Context()  # it would end with its last reference
        self.channels = {topic: self._channel(topic, context) for topic in self.kinds}
        self.sent = dict.fromkeys(self.kinds, 0.0)
        name = self.run_dir.name
        try:
            self.server = self.sdk.start_server(name=name, host="127.0.0.1", port=self.port, context=context)
        except (RuntimeError, OSError) as error:
            raise Refusal([Problem("port", f"{self.port} on 127.0.0.1 cannot be used: {error}")]) from error
        print(f"Foxglove: ws://127.0.0.1:{self.server.port}", flush=True)
        return ()

    def _channel(self, topic: str, context: Any) -> Any:
        kind = self.kinds[topic]
        described = json_schema(self.graph.messages[topic], kind)
        schema = self.sdk.Schema(name=kind.__name__, encoding="jsonschema", data=described)
        return self.sdk.Channel(topic, schema=schema, message_encoding="json", context=context)

    def due(self) -> float:
        return self.next_look

    def tick(self) -> tuple[Message, ...]:
        self.next_look = time.monotonic() + LOOK_SECONDS
        self._follow({topic for topic, channel in self.channels.items() if channel.has_sinks()})
        for heard in self.messages:
            if heard:
                self.newest[heard.topic] = captured_ns(heard, self.places), heard.message
            self._show(LEAST_SECONDS)
            if heard is None or time.monotonic() > self.next_look:
                break
        self._show(LEAST_SECONDS)
        return ()

    def _follow(self, viewed: set[str]) -> None:
        """Subscribes to what is viewed now."""
        if viewed != self.viewed:
            self.viewed, run = viewed, runs.running(str(self.run_dir))
            senders = {sender for topic in viewed for sender in runs.speakers(run, topic)}
            kinds = {topic: self.kinds[topic] for topic in viewed}
            self.places = places.of(run.socket_dir)
            self.messages = hear(run.name, run.socket_dir, sorted(senders), kinds) if viewed else iter(())

    def _show(self, least_seconds: float) -> None:
        """Shows the newest messages on the topics on which nothing was shown for so long."""
        now = time.monotonic()
        for topic in [topic for topic in self.newest if now >= self.sent[topic] + least_seconds]:
            captured, message = self.newest.pop(topic)
            self.sent[topic] = now
            self.channels[topic].log(as_json(message), log_time=captured)

    def finish(self) -> tuple[Message, ...]:
        self._show(0)
        self.server.stop()
        return ()


def captured_ns(heard: Heard, known: places.Places | None) -> int:
    """When a message was captured, by the wall clock; now, if another machine sent it, whose clock is not ours."""
    since = time.monotonic_ns() - heard.header.captured if places.is_here(heard.header.sender, known) else 0
    return time.time_ns() - since
