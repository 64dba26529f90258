"""Shows a run to a person in a browser. It needs the extra `dashboard`."""

from __future__ import annotations

from typing import Any

from tutelage import Message, Node
from tutelage.messages import Demonstration, Episode, Evaluation, Metrics, Safety, Take, Timing, Withdrawal
from tutelage.nodes.screens.web.opening import check, served
from tutelage.status import Status
from tutelage.teaching.progress import Progress

SHOWN = (Status, Metrics, Episode, Evaluation, Demonstration, Withdrawal, Take, Safety, Timing)


class Dashboard(Node):
    """Serves a page on 127.0.0.1 (port 0: a free one), and prints its address once. No node waits for it."""

    may_hear = SHOWN
    order = "arrival"
    observer = screen = True

    def __init__(
        self, port: int = 0, budget: int = 0, environment: str | dict[str, Any] = "", algorithm: str = ""
    ) -> None:
        check("dashboard")
        self.port = port
        self.progress = Progress(budget, environment if isinstance(environment, str) else environment["id"], algorithm)

    def start(self) -> tuple[Message, ...]:
        from tutelage.nodes.screens.web.watched import Watched

        self.watched = Watched(self.run_dir, self.progress)
        self.server = served(self.watched.page, self.port)
        print(f"the page: {self.server.address}", flush=True)
        return ()

    def hear(self, message: Message) -> None:
        self.watched.hear(message)

    def warn(self, sentences: list[str]) -> None:
        self.progress.warnings = sentences

    def finish(self) -> tuple[Message, ...]:
        self.server.stop()
        return ()
