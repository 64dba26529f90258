"""The page of a run: what it shows, and to whom."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import copy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pytest
from PIL import Image
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.parts.chromium import Visitor
from tests.parts.forked import Forked
from tests.parts.run_cli import CLI, Run
from tests.parts.waiting import until_gone
from tutelage.files import durable
from tutelage.messages import Demonstration, Episode, Take, Withdrawal
from tutelage.nodes.screens.web.connections import WAITING
from tutelage.nodes.screens.web.curves import Measured
from tutelage.nodes.screens.web.episodes import DOTS, NEWEST, ROWS, Episodes
from tutelage.tasks.drawn import png
from tutelage.tasks.pictures import Bars

if TYPE_CHECKING:
    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import WebSocket

FEW = ("gail.yaml", "dashboard:=true", "steering:=true", "episodes:=1")


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str


class Browser:
    """Requests to the address that a run has printed; it keeps the cookie, as a browser does."""

    def __init__(self, run: Run) -> None:
        address = re.compile(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)")
        run.until(lambda: address.search(run.output))
        ((port, self.token),) = address.findall(run.output)
        self.port = int(port)
        self.place = self.cookie = ""

    def get(self, path: str, **headers: str) -> Answer:
        own = {"Cookie": self.cookie} if self.cookie else {}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request("GET", self.place + path, headers=own | headers)
            with connection.getresponse() as answer:
                text = "" if answer.status == 101 else answer.read().decode()
                return Answer(answer.status, dict(answer.headers), text)

    def enter(self) -> None:
        answer = self.get(f"/?token={self.token}")
        self.place, said = answer.headers["location"].rstrip("/"), answer.headers["set-cookie"]
        assert answer.status == 303 and len(self.place) > 16
        assert f"Path={self.place}/;" in said and "HttpOnly" in said and "SameSite=Strict" in said
        self.cookie = said.partition(";")[0]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, Browser]]:
    """A long run that learns, and a browser that may see it."""
    run = Run(tmp_path_factory.mktemp("seen"), *FEW, "budget:=10000000")
    try:
        browser = Browser(run)
        browser.enter()
        run.until_learning(rows=3)
        yield run, browser
    finally:
        run.kill()


def watched(browser: Browser) -> ClientConnection:
    """The line over which the page is told what has changed."""
    own = f"http://127.0.0.1:{browser.port}"
    return connect(
        f"ws://127.0.0.1:{browser.port}{browser.place}/watch",
        additional_headers={"Cookie": browser.cookie},
        origin=Origin(own),
    )


def test_it_shows_the_run_its_nodes_and_what_it_has_measured(seen: tuple[Run, Browser]) -> None:
    answer = seen[1].get("/")
    page = answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    for text in ("<h1>gail</h1>", "CartPole-v1", 'data-node="simulator"', 'data-topic="transition"'):
        assert text in page, text
    for text in re.findall(r'(?:src|href)="([^"]*)"', page):
        assert "/" not in text and seen[1].get(f"/{text}").status == 200, text
    with watched(seen[1]) as line:
        facts: dict[str, Any] = {}
        while facts.get("episode 9", {}).get("return") is None or "curve rollout/ep_rew_mean" not in facts:
            facts |= json.loads(line.recv(10))["facts"]
    assert facts["curve rollout/ep_rew_mean"][0][0] == 2048 and facts["nodes"]["learner"]["restarts"] == 0
    assert [name for name, *_ in facts["figures"]][:2] == ["steps", "policy's return"]
    assert facts["episode 0"]["return"] == facts["levels"]["expert"] == 500 and len(facts["episode 0"]["plot"]) == 4


def test_only_what_has_changed_is_sent_and_an_episode_is_replayed(seen: tuple[Run, Browser]) -> None:
    with watched(seen[1]) as line:
        first = json.loads(line.recv(10))["facts"]
        second = json.loads(line.recv(10))["facts"]
        assert "figures" in second and not {"arguments", "episode 0", "logs"} & second.keys()
        assert second["curve discriminator/loss"] != first["curve discriminator/loss"]
        line.send(json.dumps({"replay": 0}))
        while "pictures" not in (said := json.loads(line.recv(10))):
            pass
    assert said["replay"] == 0 and len(said["pictures"]) == 400 and "#" in said["pictures"][0]


def answered(line: ClientConnection, **asked: object) -> dict[str, str]:
    """What is said about an order; what is new comes between."""
    line.send(json.dumps(asked))
    while "facts" in (said := json.loads(line.recv(30))):
        pass
    return said


def test_it_steers_and_says_what_was_refused(seen: tuple[Run, Browser]) -> None:
    run, browser = seen
    with watched(browser) as line:
        said = answered(line, do="set", node="learner", setting="entropy_weight", value=0.125)
        assert said["notice"].startswith("learner: entropy_weight is 0.125 from rollout")
        facts = json.loads(line.recv(10))["facts"]
        assert {row["parameter"]: row["value"] for row in facts["settings"]}["entropy_weight"] == 0.125
        assert "0 to 1" in answered(line, do="set", node="learner", setting="entropy_weight", value=2.0)["refusal"]
        before = run.nodes()["report"]
        assert answered(line, do="restart", node="report")["notice"] == "report is restarted from its last checkpoint"
    run.until(lambda: run.nodes().get("report", before) != before)


def test_no_order_waits_for_a_setting(seen: tuple[Run, Browser]) -> None:
    """The steering node is held, so the setting is not admitted before the other order is answered."""
    run, browser = seen
    steering = run.nodes()["steering"]
    with watched(browser) as line:
        os.kill(steering, signal.SIGSTOP)
        try:
            line.send(json.dumps({"do": "set", "node": "learner", "setting": "entropy_weight", "value": 0.25}))
            assert answered(line, do="restart", node="report")["notice"].startswith("report is restarted")
        finally:
            os.kill(steering, signal.SIGCONT)
        while "notice" not in (said := json.loads(line.recv(30))):
            pass
        assert said["notice"].startswith("learner: entropy_weight is 0.25")


@pytest.mark.parametrize(
    "asked", ["x", "[]", "{}", '{"log": "../graph"}', '{"replay": 99}', '{"do": "set", "node": 1}', '{"do": "x"}']
)
def test_what_no_page_asks_for_closes_its_line(seen: tuple[Run, Browser], asked: str) -> None:
    with watched(seen[1]) as line:
        line.send(asked)
        with pytest.raises(ConnectionClosedError):
            list(line)
        assert line.close_code == 1007


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {"Cookie": ""}, 401),
        ("/", {"Cookie": "tutelage=x"}, 401),
        ("/?token=wrong", {"Cookie": ""}, 401),
        ("/", {"Origin": "http://example.org"}, 403),
        ("/", {"Host": "example.org"}, 403),
        ("/../../etc/passwd", {}, 404),
        ("/page.css/../../etc/passwd", {}, 404),
        ("/page.html", {}, 404),
        ("/metrics.jsonl", {}, 404),
        ("/docs", {}, 404),
    ],
)
def test_nobody_else_sees_it_and_it_shows_nothing_else(
    seen: tuple[Run, Browser], path: str, headers: dict[str, str], status: int
) -> None:
    assert seen[1].get(path, **headers).status == status


@pytest.mark.parametrize("wrong", [{"Cookie": ""}, {"Origin": "http://127.0.0.1:1"}, {"Origin": "null"}])
def test_a_websocket_must_pass_the_same_gate(seen: tuple[Run, Browser], wrong: dict[str, str]) -> None:
    path = "/watch"
    asked = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    asked["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    own = {"Origin": f"http://127.0.0.1:{seen[1].port}"}
    assert seen[1].get(path, **asked, **own | wrong).status == 403
    assert seen[1].get(path, **asked, **own).status == 101


def test_the_token_leaves_the_address_also_of_who_is_known(seen: tuple[Run, Browser]) -> None:
    answer = seen[1].get(f"/?token={seen[1].token}")
    assert seen[1].cookie and (answer.status, answer.headers["location"]) == (303, f"{seen[1].place}/")


def test_outside_of_its_place_there_is_nothing(seen: tuple[Run, Browser]) -> None:
    known = {"Cookie": seen[1].cookie}
    paths = ("/", "/watch.js", f"{seen[1].place}x/", seen[1].place)
    stranger = Browser(seen[0])
    assert [stranger.get(path, **known).status for path in paths] == [401] * 4


def test_it_listens_on_this_machine_alone(seen: tuple[Run, Browser]) -> None:
    """All addresses of 127/8 are this machine; a server on 0.0.0.0 would answer on another of them, too."""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", seen[1].port), timeout=2)


def closed(connection: socket.socket) -> bool:
    """Whether the other side has closed it."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_a_thousand_connections_disturb_nothing(seen: tuple[Run, Browser]) -> None:
    run, browser = seen
    before = (run.run_dir / "metrics.jsonl").read_text().count("\n")
    crowd = [socket.create_connection(("127.0.0.1", browser.port), timeout=5) for _ in range(1000)]
    for one in crowd:
        one.sendall(b"GET / HTTP/1.1\r\nHost: example.org\r\n")
    run.until_learning(rows=before + 10)
    assert [browser.get("/").status for _ in range(3)] == [200] * 3  # while they all hold on
    assert sum(map(closed, crowd)) >= len(crowd) - WAITING
    for one in crowd:
        one.close()
    assert run.process.poll() is None and "restarts dashboard" not in run.output


def test_what_was_measured_before_steps_were_known_is_drawn_over_steps_too(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"rollout": 0, "discriminator/loss": 3}\n{"rollout": 1, "discriminator/loss": 2}\n')
    measured = Measured(path)
    measured.update()
    assert measured.points("discriminator/loss") == [(1, 3), (2, 2)]
    with path.open("a") as file:
        file.write('{"rollout": 0, "time/total_timesteps": 64}\n{"rollout": 2, "discriminator/loss": 1}\n')
    measured.update()
    assert measured.points("discriminator/loss") == [(64, 3), (128, 2), (192, 1)]


def test_measurements_are_read_as_they_come_and_anew_where_the_file_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    measured = Measured(path)
    measured.update()
    path.write_text('{"rollout": 0, "time/total_timesteps": 10, "train/entropy": 1.5}\n{"rollout": 1, "train')
    measured.update()
    assert measured.points("train/entropy") == [(10, 1.5)]
    path.write_text(
        '{"rollout": 0, "time/total_timesteps": 10, "train/entropy": 1.5}\n{"rollout": 1, "train/entropy": 2}\n'
    )
    measured.update()
    assert measured.points("train/entropy") == [(10, 1.5), (20, 2)]
    path.write_text('{"rollout": 0, "time/total_timesteps": 30, "train/entropy": 3}\n')
    measured.update()
    assert measured.points("train/entropy") == [(30, 3)]
    with path.open("a") as file:
        file.write('{"rollout": 1, "tr\0\0\n{"rollout": 2, "train/entropy": 5}\n{"rollout"')
    measured.update()
    assert measured.points("train/entropy") == [(30, 3), (90, 5)], "one line is damaged, not those after it"


HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
CHART = """async () => {
  const { chart } = await import("./curves.js");
  return chart("return", [["mean", [[0, 0], [50, 5], [100, 10]]]], [["expert <", 20]]).outerHTML;
}"""


def test_a_browser_draws_the_curves_and_is_told_nothing_while_it_is_hidden(
    seen: tuple[Run, Browser], browser: Chromium
) -> None:
    visitor = Visitor(browser, seen[0], desk=False)
    drawn = visitor.page.evaluate(CHART)
    lines: list[WebSocket] = []
    visitor.page.on("websocket", lambda line: lines.append(line))
    visitor.page.reload()
    visitor.sees("steps", "#figures")
    visitor.page.evaluate(HIDE, True)
    visitor.sees("not connected", "#link")
    assert [line.is_closed() for line in lines] == [True]
    visitor.page.evaluate(HIDE, False)
    visitor.sees("^$", "#link")
    assert len(lines) == 2 and not visitor.errors
    path = re.search(r'class="line" stroke="[^"]+" d="M([^"]+)"', drawn)
    assert path is not None
    points = [tuple(map(float, point.split())) for point in path[1].split("L")]
    assert points == [(46, 168), (229, 128), (412, 88)]  # 20 is at 8
    assert "expert &lt; 20" in drawn and "mean <b>10</b>" in drawn and 'd="M46 8H412"' in drawn


def test_a_browser_tells_the_token_to_no_other_server_of_this_machine(
    seen: tuple[Run, Browser], browser: Chromium
) -> None:
    told: list[str | None] = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.append(self.headers["Cookie"])
            self.send_error(404)

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        visitor = Visitor(browser, seen[0], desk=False)
        visitor.page.goto(f"http://127.0.0.1:{other.server_port}/")
        visitor.page.go_back()
        visitor.sees("steps", "#figures")
        other.shutdown()
    assert told and not any(told)


def test_of_episodes_the_newest_are_kept_and_few_points_of_each() -> None:
    episodes = Episodes()
    for i in range(NEWEST + 1):
        rows = np.linspace([0, 5], [i, 5], 1001, dtype=np.float32)
        episodes.hear(Demonstration(0, 0, rows, np.zeros(1000, np.int64), True, False, "ann"))
        episodes.hear(Episode(0, 0, "expert", 0, i, 0, 1000, float(i)))
    facts = episodes.facts()
    assert len(facts) == NEWEST and "episode 0" not in facts and facts["episode 7"]["return"] == 7
    moving, still = facts["episode 40"]["plot"]
    assert (moving[0], moving[-1], len(moving)) == (0, 100, DOTS) and {*still} == {50}
    assert len(episodes.replay(40, Bars())) == ROWS
    episodes.hear(Withdrawal(0, 0, 2))
    assert max(episodes.shown) == 38


def test_where_somebody_drives_takes_are_shown_and_not_what_a_learner_gets_of_them() -> None:
    episodes, rows, times = Episodes(), np.zeros((4, 2), np.float32), np.zeros(4, np.int64)
    reward = np.ones(3, np.float32)
    verdicts: list[Literal["kept", "discarded"]] = ["discarded", "kept"]
    for number, verdict in enumerate(verdicts):
        ends = True, False, times, times[1:], "ann", "browser", 0
        episodes.hear(Take(0, 0, number, verdict, rows, np.zeros(3, np.int64), reward, *ends))
    episodes.hear(Demonstration(1, 0, rows, np.zeros(3, np.int64), True, False, "ann"))
    episodes.hear(Episode(1, 0, "expert", 0, 0, 0, 3, 99.0))
    found = [(one["number"], one["verdict"], one["return"]) for one in episodes.facts().values()]
    assert found == [(0, "discarded", 3), (1, "kept", 3)]


def test_a_picture_is_a_png_that_others_read() -> None:
    frame = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    assert (np.asarray(Image.open(BytesIO(png(frame)))) == frame).all()


@contextmanager
def page_of(run: Run, run_dir: Path) -> Iterator[Browser]:
    """The page of a folder in which nothing runs, by `tutelage dashboard`; `run` is any run."""
    printed = run_dir.with_suffix(".txt")
    printed.write_text("")
    beside = copy(run)
    beside._printed = printed
    beside.process = Forked(CLI, ["dashboard", str(run_dir)], (Path(os.devnull), printed, printed), run_dir.parent)
    try:
        yield Browser(beside)
    finally:
        beside.process.kill()


@pytest.fixture
def left(seen: tuple[Run, Browser], tmp_path: Path) -> Path:
    """What a run has left that was cut off."""
    shutil.copytree(seen[0].run_dir, tmp_path / "left", ignore=shutil.ignore_patterns("checkpoints"))
    return tmp_path / "left"


def test_a_page_that_cannot_be_told_the_news_is_told_why_and_goes_on(seen: tuple[Run, Browser], left: Path) -> None:
    processes = (left / "processes.json").read_bytes()
    (left / "processes.json").write_bytes(b"[")
    with page_of(seen[0], left) as browser:
        browser.enter()
        with watched(browser) as line:
            assert "the run cannot be shown at the moment: " in json.loads(line.recv(10))["refusal"]
            (left / "processes.json").write_bytes(processes)
            while "facts" not in (said := json.loads(line.recv(10))):
                pass
    assert said["facts"]["nodes"]["learner"]


@pytest.mark.slow
def test_a_run_that_has_ended_cannot_be_ended(seen: tuple[Run, Browser], left: Path, browser: Chromium) -> None:
    with page_of(seen[0], left) as requests:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{requests.port}/?token={requests.token}")
        page.locator("#end").wait_for(state="visible")
        durable.write_json(left / "report.json", {"return_mean": 500.0})
        page.locator("#end").wait_for(state="hidden", timeout=10_000)


@pytest.mark.slow
def test_a_run_that_was_cut_off_is_shown_and_says_so(tmp_path: Path) -> None:
    run = Run(tmp_path, "gail.yaml", "budget:=10000000")
    try:
        run.until_learning(rows=3)
    finally:
        run.kill()
    until_gone(*run.nodes().values())
    with page_of(run, run.run_dir) as browser:
        browser.enter()
        with watched(browser) as line:
            facts = json.loads(line.recv(10))["facts"]
    assert "left no report" in facts["warnings"][0] and facts["curve rollout/ep_rew_mean"]
