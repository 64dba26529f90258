"""A user's own package: an environment, an operator and a node that tutelage knows nothing of."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

import gymnasium.utils.env_checker
import pytest
from balance.beam import EPISODE_STEPS, Beam
from balance.operator import steady
from balance.steadiness import Steadiness

from tutelage.messages import Episode, Metrics
from tutelage.tasks import playing
from tutelage.turns import play

CLI = Path(__file__).parents[2] / "cli.py"


def length(seed: int, operate: bool) -> int:
    """Steps for which the ball stays on the beam, with the operator or tilted to the right all the time."""
    return len(list(playing.episode(Beam(), steady if operate else lambda _: 1, seed)))


def test_the_operator_keeps_the_ball() -> None:
    assert {length(seed, operate=True) for seed in range(20)} == {EPISODE_STEPS}
    assert max(length(seed, operate=False) for seed in range(20)) < EPISODE_STEPS / 4


@pytest.mark.filterwarnings("ignore::UserWarning")  # of the checker: an observation without bounds
def test_gymnasium_takes_it_for_an_environment() -> None:
    gymnasium.utils.env_checker.check_env(Beam(), skip_render_check=True)


def test_the_node_says_for_how_long_the_policy_kept_the_ball() -> None:
    heard = [episode("policy", 100), episode("expert", 200), episode("policy", 50)]
    said = list(play(Steadiness(step_seconds=0.1), heard))
    assert [message.values for message in said if isinstance(message, Metrics)] == [
        {"balance/seconds_held": pytest.approx(10.0)},
        {"balance/seconds_held": pytest.approx(7.5)},
    ]


def test_the_node_comes_back_where_it_was() -> None:
    before, after = Steadiness(), Steadiness()
    list(before.hear(episode("policy", 100)))
    after.load(before.state())
    assert after.state() == before.state() == {"lengths": [100]}


def episode(actor: Literal["policy", "expert"], steps: int) -> Episode:
    return Episode(0, 0, actor, 0, 0, 0, steps, float(steps))


def test_it_runs_from_a_folder_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    mine = tmp_path / "mine"
    shutil.copytree(Path(__file__).parent, mine)
    command = [
        sys.executable,
        str(CLI),
        "launch",
        "mine/balance.yaml",
        "budget:=4096",
        "episodes:=2",
        "--run-dir",
        "run",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "run/report.json").read_text())
    assert (report["environment"], report["expert_return_mean"]) == ("balance.beam:make", EPISODE_STEPS)
    measured = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert 0 < [row for row in measured if "balance/seconds_held" in row][-1]["balance/seconds_held"] < 10
