"""Many kills and stops of every node at random moments: each run ends by itself in the digest of a quiet one.

pytest -m slow tests/tutelage/test_chaos.py -s
"""

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.parts.chaos import NODES, kill_some, moments, stop
from tests.parts.run_cli import Run, finished

KILLS = 50
KILLS_A_RUN = 4
BUDGETS = {
    "gail.yaml": 114688,
    "dac.yaml": 12288,
    "airl.yaml": 32768,
    "iq.yaml": 12288,
    "sac.yaml": 12288,
    "dagger.yaml": 2048,
}


@pytest.fixture(scope="module", params=BUDGETS)
def words(request: pytest.FixtureRequest) -> list[str]:
    return [request.param, "episodes:=10", f"budget:={BUDGETS[request.param]}"]


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> Run:
    return finished(tmp_path_factory.mktemp("quiet"), *words)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_fifty_kills_of_each_node(tmp_path: Path, quiet: Run, words: list[str]) -> None:
    nodes = [name for name in NODES if name in quiet.nodes()]
    rng, wanted, runs = random.Random(0), Counter(dict.fromkeys(nodes, KILLS)), 0
    while any(left > 0 for left in wanted.values()):
        folder = tmp_path / str(runs)
        folder.mkdir()
        run = Run(folder, *words)
        killed = kill_some(run, rng, wanted, KILLS_A_RUN, quiet.report["seconds_learning"])
        run.ends_well(120)
        assert run.digest == quiet.digest, f"run {runs}, after {killed}"
        assert Counter(run.report["node_restarts"]) == killed
        wanted, runs = wanted - killed, runs + 1
    print(f"\n{KILLS} kills of each of {len(nodes)} nodes of {words[0]} in {runs} runs: one digest")


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("node", NODES)
def test_stops_from_a_tenth_to_ten_seconds(tmp_path: Path, quiet: Run, words: list[str], node: str) -> None:
    if node not in quiet.nodes():
        pytest.skip(f"{words[0]} has no {node}")
    rng = random.Random(NODES.index(node))
    for i, seconds in enumerate((0.1, 1.0, 10.0)):
        folder = tmp_path / str(i)
        folder.mkdir()
        run = Run(folder, *words)
        stopped = [stop(run, node, seconds) for _ in moments(run, rng, 1, 0.8 * quiet.report["seconds_learning"])]
        run.wait(120)
        assert run.digest == quiet.digest
        assert run.report["node_restarts"] == {}
        if any(stopped) and seconds == 10.0:
            assert run.report["node_silences"][node] > 8


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_twenty_kills_of_the_launcher_and_resumes(tmp_path: Path, quiet: Run, words: list[str]) -> None:
    rng = random.Random(3)
    for i in range(20):
        folder = tmp_path / str(i)
        folder.mkdir()
        run = Run(folder, *words)
        for _ in moments(run, rng, 1, 0.9 * quiet.report["seconds_learning"]):
            run.kill()
        while run.process.poll() is None or any(Path(f"/proc/{pid}").exists() for pid in run.nodes().values()):
            time.sleep(0.02)  # as a person would: the run is gone, then it is resumed
        assert run.resumed(seconds=120).digest == quiet.digest
