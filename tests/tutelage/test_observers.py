"""Who looks on, from inside a graph or from outside, changes nothing and holds up nobody."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.parts.run_cli import CLI, Run, finished
from tests.tutelage.test_looking import NODES, TOPICS, started


@pytest.mark.slow
def test_looking_changes_nothing(tmp_path):
    """An echo of every topic, and one that stands still, make no weight differ and no node wait or start again."""
    quiet = finished(tmp_path, "gail.yaml", "budget:=65536", "episodes:=2")
    run = Run(tmp_path / "looked", "gail.yaml", "budget:=65536", "episodes:=2")
    run.until((run.run_dir / "processes.json").exists)
    looking = [started("topic", "echo", *TOPICS, "--run", run.run_dir, "--json", "--full") for _ in range(2)]
    assert looking[1].stdout and looking[1].stdout.readline()
    looking[1].send_signal(signal.SIGSTOP)
    heard = looking[0].communicate(timeout=60)[0].splitlines()
    run.wait()
    looking[1].send_signal(signal.SIGKILL)
    looking[1].communicate()
    assert run.digest == quiet.digest and run.report["node_restarts"] == {}
    assert len(heard) > 100 and {json.loads(line)["topic"] for line in heard} >= {"transition", "weights", "status"}


WATCHER = '''
from tutelage.messages import Status, Transition
from tutelage import Node

class Watcher(Node):
    """Writes down whose status it heard, in which life, and how many transitions came."""
    hears = (Status, Transition)
    order = "arrival"
    observer = True

    def __init__(self):
        self.transitions = 0

    def hear(self, message):
        if isinstance(message, Status):
            with (self.run_dir / "watched").open("a") as file:
                print(message.node, message.restarts, file=file)
        self.transitions += isinstance(message, Transition)

    def finish(self):
        (self.run_dir / "counted").write_text(str(self.transitions))
        return ()
'''

WATCHED = """
include: [{file: gail.yaml, arguments: {budget: 32768, episodes: 2}}]
groups: [{namespace: side, nodes: {watcher: {run: "watcher.py:Watcher", remap: {transition: /transition}}}}]
"""


def watched(folder: Path, *arguments: str) -> Run:
    (folder / "watcher.py").write_text(WATCHER)
    (folder / "watched.yaml").write_text(WATCHED)
    return Run(folder, "watched.yaml", *arguments)


def test_a_node_that_looks_on_hears_every_process_and_outlives_a_restart(tmp_path):
    run = watched(tmp_path)
    seen = run.run_dir / "watched"
    run.until(lambda: seen.exists() and "simulator 0\n" in seen.read_text())
    run.until_learning(rows=2)
    os.kill(run.nodes()["simulator"], signal.SIGKILL)
    run.ends_well()
    assert run.report["node_restarts"] == {"simulator": 1}
    heard = set(seen.read_text().splitlines())
    assert heard >= {f"{node} 0" for node in NODES} | {"simulator 1"}
    counted = int((run.run_dir / "counted").read_text())
    assert 0 < counted <= 16, "what the simulator said again must not be heard again"


def test_a_node_that_looks_on_ends_in_one_process_too(tmp_path):
    run = watched(tmp_path, "--one-process").ends_well()
    assert (run.run_dir / "counted").read_text() == "16"


PUBLISHER = """
import resource, sys
from pathlib import Path
from typing import Annotated
import numpy as np
from numpy.typing import NDArray
from tutelage import Message
from tutelage.transport.bus import Bus, Who
from tutelage.transport.inbox import Inbox
from tutelage.transport.outbox import Outbox

class Image(Message):
    pixels: Annotated[NDArray[np.uint8], "n"]

bus = Bus(Who("run", "eye", 0), Path(sys.argv[1]), Inbox([]), {Image: "image"}, Outbox({}))
print("ready", flush=True)
input()
while not bus.speaker.tap.tapped:
    bus.receive(0.05)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for i in range(int(sys.argv[2])):
    bus.say(Image(0, i, np.full(10**6, i % 256, np.uint8)))
    bus.receive(0.001)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) * (1 if sys.platform == "darwin" else 1024), flush=True)
input()
"""

LISTENER = """
import sys
from pathlib import Path
from tutelage.transport.tap import Tap

tap = Tap("run", Path(sys.argv[1]), ["eye"], ["image"])
count = 0
while tap.receive(3 if count else 30):
    count += 1
    if count == 1:
        print("hears", flush=True)
print(count)
"""


def test_a_stopped_observer_costs_bounded_memory_and_takes_nothing_from_another(tmp_path):
    """300 images of 1 MB, one observer that stands still and one that does not."""
    eye = script(PUBLISHER, tmp_path, 300)
    stopped, quick = script(LISTENER, tmp_path), script(LISTENER, tmp_path)
    assert eye.stdin and eye.stdout and stopped.stdout and quick.stdout
    try:
        assert eye.stdout.readline() == "ready\n"
        eye.stdin.write("go\n")
        eye.stdin.flush()
        assert stopped.stdout.readline() == "hears\n"
        stopped.send_signal(signal.SIGSTOP)
        grown_bytes = int(eye.stdout.readline())
        assert quick.stdout.readline() == "hears\n"
        heard = int(quick.stdout.readline())
    finally:
        for process in (eye, stopped, quick):
            process.kill()
            process.communicate()
    assert grown_bytes < 120e6
    assert heard > 200


def script(text: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", text, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CLI.parent)
