"""Shows a run to a person in a browser. It needs the extra `dashboard`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tutelage import Message, Node
from tutelage.input.problems import Problem, Refusal
from tutelage.invocation import installing
from tutelage.messages import Demonstration, Episode, Evaluation, Metrics, Safety, Timing, Withdrawal
from tutelage.status import Status
from tutelage.teaching.progress import Progress

if TYPE_CHECKING:
    from tutelage.nodes.screens.web.page import Page
    from tutelage.nodes.screens.web.server import Server

SHOWN = (Status, Metrics, Episode, Evaluation, Demonstration, Withdrawal, Safety, Timing)


def served(page: Page, port: int) -> Server:
    """The page's server, which runs already.

    Raises:
        Refusal: the port is taken.
    """
    from tutelage.nodes.screens.web.server import Server

    try:
        server = Server(page, port)
    except OSError as error:
        raise Refusal([Problem("port", f"{port} on 127.0.0.1 cannot be used: {error.strerror or error}")]) from error
    server.start()
    return server


class Dashboard(Node):
    """Serves a page on 127.0.0.1 (port 0: a free one), and prints its address once. No node waits for it."""

    may_hear = SHOWN
    order = "arrival"
    observer = screen = True

    def __init__(
        self, port: int = 0, budget: int = 0, environment: str | dict[str, Any] = "", algorithm: str = ""
    ) -> None:
        try:
            import nicegui  # noqa: F401
        except ImportError as error:
            raise Refusal([Problem("dashboard", f"NiceGUI cannot be imported: {installing('dashboard')}")]) from error
        self.port = port
        self.progress = Progress(budget, environment if isinstance(environment, str) else environment["id"], algorithm)

    def start(self) -> tuple[Message, ...]:
        from tutelage.nodes.screens.web.page import Page

        self.page = Page(self.run_dir, self.progress)
        self.server = served(self.page, self.port)
        print(f"the page: {self.server.address}", flush=True)
        return ()

    def hear(self, message: Message) -> None:
        with self.page.lock:
            self.progress.hear(message, time.monotonic())

    def warn(self, sentences: list[str]) -> None:
        with self.page.lock:
            self.progress.warnings = sentences

    def finish(self) -> tuple[Message, ...]:
        self.server.stop()
        return ()
