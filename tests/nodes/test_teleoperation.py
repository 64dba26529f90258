"""People who teach: at a keyboard in a real pseudo-terminal, into a file or a learner; and operators who need none."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from tests.parts.person import LEFT, RIGHT, SPACE, Person
from tests.parts.run_cli import Run, cli, finished
from tests.parts.waiting import until_gone

NOTED = f"""
arguments:
  env: {{default: CartPole-v1}}
  operator: {{default: keyboard}}
  episodes: {{default: 0}}
  speed: {{default: 1.0}}
  rate: {{default: 0.0}}
include:
  - file: record.yaml
    arguments:
      {{env: $(env), operator: $(operator), episodes: $(episodes), speed: $(speed), rate: $(rate), seed: 7}}
nodes:
  taken: {{run: "{Path(__file__).parents[1]}/parts/taken.py:Taken"}}
"""


LIVE = ("gail.yaml", "operator:=keyboard", "live:=true", "speed:=1", "budget:=16384", "episodes:=3", "rollouts_each:=2")
"""learning while somebody teaches"""


@pytest.fixture
def noted(tmp_path: Path) -> str:
    """record.yaml, and a node that notes the takes."""
    path = tmp_path / "noted.yaml"
    path.write_text(NOTED)
    return str(path)


@pytest.fixture
def people() -> Iterator[list[Person]]:
    """Those who have sat down; they get up in the end."""
    seated: list[Person] = []
    yield seated
    for person in seated:
        person.close()


def sit_down(people: list[Person], folder: Path, *arguments: str) -> Person:
    people.append(Person(folder, *arguments))
    return people[-1]


def takes(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run.run_dir / "takes.jsonl").read_text().splitlines()]


def listed(run: Run) -> list[dict[str, Any]]:
    """What `demos list` says of a run."""
    rows: list[dict[str, Any]] = json.loads(cli("demos", "list", run.run_dir, "--json").stdout)
    return rows


def drive(person: Person, number: int) -> None:
    """One episode to its end. Whoever only leans to one side falls soon."""
    person.press(RIGHT if number % 2 else LEFT, SPACE)
    person.sees(f"episode {number} is over")


def discard_one_and_keep_three(person: Person) -> None:
    person.sees("ready")
    drive(person, 0)
    person.press("k")
    person.sees("episode 0 kept")
    drive(person, 1)
    person.press("d")
    person.sees("episode 1 discarded")
    for number in (2, 3):
        drive(person, number)
        person.press("\r")
        person.sees(f"episode {number} kept: .*; no better than the best of")


def finish(person: Person) -> None:
    person.press("q")
    person.sees("finished: 3 of 4 episodes kept")
    person.ends_well()
    assert termios.tcgetattr(person.theirs) == person.modes


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can bound the files of another process")
def test_an_operator_is_not_told_kept_where_nothing_can_be_kept(tmp_path: Path, people: list[Person]) -> None:
    person = sit_down(people, tmp_path, "record.yaml", "speed:=1.0")
    person.sees("ready")
    drive(person, 0)
    teleoperator = person.nodes()["teleoperator"]
    unlimited = resource.prlimit(teleoperator, resource.RLIMIT_FSIZE)
    resource.prlimit(teleoperator, resource.RLIMIT_FSIZE, (0, unlimited[1]))
    person.press("k")
    person.sees("nothing can be saved, a verdict may be lost: .*File too large")
    assert "kept 1 of 1" in person.output and "episode 0 kept" not in person.history()
    resource.prlimit(teleoperator, resource.RLIMIT_FSIZE, unlimited)
    person.press(RIGHT, SPACE)
    person.sees("episode 1   over: keep or discard")
    person.press("k")
    person.sees("episode 1 kept")


def test_a_person_drives_discards_one_and_keeps_three(tmp_path: Path, noted: str, people: list[Person]) -> None:
    person = sit_down(people, tmp_path, noted)
    person.sees("> 50 steps a second; speed:=2 is twice as fast")
    discard_one_and_keep_three(person)
    assert "|---" in person.output and "kept 3 of 4" in person.output
    finish(person)
    person.sees("takes 0, 2, 3 are no better than the best of 20 random episodes")
    person.sees("discard them: python cli.py demos discard run 0 2 3")
    found = takes(person)
    assert [one["verdict"] for one in found] == ["kept", "discarded", "kept", "kept"]
    assert all(one["whole"] and one["in order"] and one["return"] == one["length"] for one in found)
    assert {one["device"] for one in found} == {"keyboard"}
    assert [set(one["actions"]) for one in found] == [{0}, {1}, {0}, {1}]
    environment = gymnasium.make("CartPole-v1")
    for one in found:  # each take bears the seed with which its episode begins
        np.testing.assert_array_equal(environment.reset(seed=one["seed"])[0], np.float32(one["first"]))
    assert [one["verdict"] for one in listed(person)] == ["kept", "discarded", "kept", "kept"]
    cloned = finished(
        tmp_path / "bc",
        "bc.yaml",
        f"demonstrations:={person.run_dir}",
        "demonstrations_count:=3",
        "epochs:=2",
        "episodes:=2",
    )
    assert cloned.report["demonstrations"] == 3


def test_the_last_verdict_can_be_undone_and_what_runs_be_paused(
    tmp_path: Path, noted: str, people: list[Person]
) -> None:
    person = sit_down(people, tmp_path, noted, "speed:=0.1")  # or the episode is over before the pause
    person.sees("ready")
    drive(person, 0)
    person.press("k", "u")
    person.sees("undone: episode 0 is discarded now")
    person.press("u")
    person.sees("undone: episode 0 is kept now")
    person.press(SPACE)
    person.sees("DRIVING")
    person.press(LEFT)
    person.sees(r"step [1-9]")
    person.press(SPACE)
    person.sees("> paused")
    person.press("d")
    person.sees("episode 1 discarded")
    person.press("q")
    person.process.wait(20)
    assert [(one["take"], one["verdict"]) for one in takes(person)] == [
        (0, "kept"), (0, "discarded"), (0, "kept"), (1, "discarded"),
    ]  # fmt: skip


def test_the_same_keys_while_gail_learns_from_them(tmp_path: Path, people: list[Person]) -> None:
    person = sit_down(people, tmp_path, *LIVE)
    person.sees("the learner waits for the first kept episode")
    discard_one_and_keep_three(person)
    person.sees("learner: 3 demonstrations")
    person.sees("policy's return")
    finish(person)
    assert "learning has ended: the policy's return is" in person.history()
    assert person.report["demonstrations"] == 3
    assert person.report["environment_steps"] == 16384
    assert [one["verdict"] for one in listed(person)] == ["kept", "discarded", "kept", "kept"]


def test_bc_learns_from_a_person_too(tmp_path: Path, people: list[Person]) -> None:
    person = sit_down(
        people, tmp_path, "bc.yaml", "operator:=keyboard", "live:=true", "speed:=1", "epochs:=3", "episodes:=3"
    )
    discard_one_and_keep_three(person)
    finish(person)
    assert person.report["demonstrations"] == 3


def test_a_kept_demonstration_outlives_the_teleoperator(tmp_path: Path, people: list[Person]) -> None:
    person = sit_down(people, tmp_path, *LIVE)
    person.sees("ready")
    for number in range(3):
        drive(person, number)
        person.press("k")
        person.sees(f"episode {number} kept")
        os.kill(person.nodes()["human/teleoperator"], signal.SIGKILL)
        person.sees("was restarted")
    drive(person, 3)
    person.press("d", "q")
    finish(person)
    assert person.report["node_restarts"] == {"human/teleoperator": 3}
    assert person.report["demonstrations"] == 3


def test_a_teleoperator_killed_in_an_episode_goes_on_with_it(tmp_path: Path, noted: str, people: list[Person]) -> None:
    person = sit_down(people, tmp_path, noted, "env:=MountainCar-v0", "speed:=2")
    person.sees("ready")
    person.press(SPACE)
    person.sees("step [3-9][0-9]")
    os.kill(person.nodes()["teleoperator"], signal.SIGKILL)
    person.sees("was restarted")
    assert person.output.count("MountainCar-v0") == 1
    person.press(SPACE)
    person.sees("step 1[0-9][0-9]")
    person.press("k")
    person.sees("kept: ")
    person.press("q")
    person.process.wait(20)
    (take,) = takes(person)
    assert take["length"] >= 100
    replayed(take, "MountainCar-v0")


def replayed(take: dict[str, Any], env: str) -> None:
    """All that was done is there, in order, and nothing twice."""
    environment = gymnasium.make(env)
    environment.reset(seed=take["seed"])
    observations = [environment.step(action)[0] for action in take["actions"]]
    np.testing.assert_array_equal(observations[-1].astype(np.float32), np.float32(take["last"]))


@pytest.mark.slow
def test_scripted_takes_are_the_same_whoever_is_killed_meanwhile(tmp_path: Path, noted: str) -> None:
    quiet = takes(finished(tmp_path / "quiet", noted, "operator:=scripted", "episodes:=2"))
    run, draw = Run(tmp_path, noted, "operator:=scripted", "episodes:=2", "rate:=250"), random.Random(0)
    killed = 0
    while run.process.poll() is None and killed < 6:
        time.sleep(draw.uniform(0.2, 0.8))
        if pid := run.nodes().get(("simulator", "teleoperator")[killed % 2]):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    run.ends_well()
    assert sum(run.report["node_restarts"].values()) >= 4
    compared = ("take", "verdict", "actions", "first", "last", "seed", "return")
    assert [{name: one[name] for name in compared} for one in takes(run)] == [
        {name: one[name] for name in compared} for one in quiet
    ]


@pytest.mark.slow
def test_five_scripted_episodes_end_by_themselves(tmp_path: Path, noted: str) -> None:
    run = finished(tmp_path, noted, "operator:=scripted", "episodes:=5")
    found = takes(run)
    assert [(one["verdict"], one["return"], one["device"]) for one in found] == [("kept", 500.0, "scripted")] * 5
    assert "episode 4 kept: 500 steps, return 500.0" in run.output
    assert [one["episode_return"] for one in listed(run)] == [500.0] * 5


def test_a_scripted_teacher_ends_with_the_learner(tmp_path: Path) -> None:
    few = ("budget:=4096", "rollouts_each:=1", "episodes:=2")
    run = finished(tmp_path, "gail.yaml", "operator:=scripted", "live:=true", *few)
    assert run.report["environment_steps"] == 4096 and run.report["demonstrations"] >= 1
    done = cli("launch", "bc.yaml", "operator:=scripted", "live:=true", cwd=tmp_path)
    assert done.returncode == 2 and "'scripted' never finishes by itself" in done.stderr


@pytest.mark.slow
def test_the_policy_of_a_run_shows_demonstrations(tmp_path: Path) -> None:
    """All at the start; the run keeps a copy of the policy. A person can only show live."""
    cloned = finished(tmp_path / "teacher", "bc.yaml", "epochs:=3", "episodes:=1")
    few = ("budget:=2048", "demonstrations_count:=2", "episodes:=1")
    run = finished(tmp_path, "gail.yaml", f"operator:={cloned.run_dir}", *few)
    assert run.report["demonstrations"] == 2
    assert (run.run_dir / "inherited" / "teleoperator.operator" / "weights.safetensors").exists()
    done = cli("launch", "gail.yaml", "operator:=keyboard", cwd=tmp_path)
    assert done.returncode == 2 and "a person shows while it learns, add live:=true" in done.stderr


def test_without_a_terminal_a_keyboard_is_refused(tmp_path: Path) -> None:
    run = Run(tmp_path, "record.yaml").wait()
    assert run.process.returncode == 2
    assert "keyboard: needs a terminal" in run.output


def test_ctrl_c_in_an_episode_ends_in_good_order(tmp_path: Path, noted: str, people: list[Person]) -> None:
    person = sit_down(people, tmp_path, noted, "speed:=0.2")
    person.sees("ready")
    person.press(RIGHT, SPACE)
    person.sees("step [3-9]")
    person.press("\x03")
    person.process.wait(20)
    assert person.process.returncode == 130
    assert termios.tcgetattr(person.theirs) == person.modes
    (take,) = takes(person)
    assert take["verdict"] == "discarded" and take["length"] >= 3


@pytest.mark.parametrize("who", ["launcher", "teleoperator"])
def test_the_terminal_is_as_it_was_whoever_is_killed(tmp_path: Path, people: list[Person], who: str) -> None:
    person = sit_down(people, tmp_path, "record.yaml")
    person.sees("ready")
    assert termios.tcgetattr(person.theirs) != person.modes
    if who == "launcher":
        person.kill()
        until_gone(*person.nodes().values())
    else:
        os.kill(person.nodes()["teleoperator"], signal.SIGKILL)
        person.until(lambda: person.restarts("teleoperator") == 1, "it was restarted")
        person.press("q")
        person.process.wait(20)
    assert termios.tcgetattr(person.theirs) == person.modes


def test_what_was_learned_can_drive(tmp_path: Path, noted: str) -> None:
    learned = finished(tmp_path, "bc.yaml", "demonstrations_count:=2", "epochs:=5", "episodes:=2")
    run = finished(tmp_path / "again", noted, f"operator:={learned.run_dir}", "episodes:=1")
    (take,) = takes(run)
    assert take["device"] == "run" and set(take["actions"]) == {0, 1}


def test_one_process_goes_by_the_clock_too(tmp_path: Path, noted: str) -> None:
    run = finished(tmp_path, noted, "operator:=scripted", "episodes:=1", "--one-process")
    assert [(one["verdict"], one["return"]) for one in takes(run)] == [("kept", 500.0)]


@pytest.mark.slow
def test_an_admission_that_is_killed_admits_each_demonstration_once(tmp_path: Path, people: list[Person]) -> None:
    person = sit_down(
        people, tmp_path, "gail.yaml", "operator:=keyboard", "live:=true", "speed:=1", "rollouts_each:=2", "episodes:=3"
    )
    person.sees("ready")
    for number in range(2):
        drive(person, number)
        person.press("k")
        person.sees(f"episode {number} kept")
        os.kill(person.nodes()["admission"], signal.SIGKILL)
        person.until(lambda n=number: person.restarts("admission") == n + 1, "it was restarted")  # type: ignore[misc]
    person.press("q")
    person.ends_well()
    assert person.report["demonstrations"] == 2


@pytest.mark.slow
def test_a_person_may_go_on_when_the_learner_has_come_to_its_end(tmp_path: Path, people: list[Person]) -> None:
    person = sit_down(
        people, tmp_path, "gail.yaml", "operator:=keyboard", "live:=true", "speed:=1", "budget:=8192", "episodes:=3"
    )
    person.sees("ready")
    drive(person, 0)
    person.press("q")
    person.sees("keep or discard episode 0 first")
    person.press("d", "q")
    person.sees("0 kept, 1 needed to learn from; Ctrl-C ends the run")
    drive(person, 1)
    person.press("k")
    person.sees("learning has ended: the policy's return is")
    person.sees("recorded, but not learned from")
    drive(person, 2)
    person.press("k")
    person.sees("kept 2 of 3")
    os.kill(person.nodes()["human/teleoperator"], signal.SIGKILL)
    person.until(lambda: person.restarts("human/teleoperator") == 1, "it was restarted")
    person.sees("kept 2 of 3")
    drive(person, 3)
    person.press("k")
    person.sees("kept 3 of 4")
    person.press("q")
    person.ends_well(30)
    assert (person.report["environment_steps"], person.report["demonstrations"]) == (8192, 1)
    assert [one["episode"] for one in listed(person)] == [0, 1, 2, 3]


def test_ctrl_c_before_anything_was_kept_ends_a_learner_too(tmp_path: Path, people: list[Person]) -> None:
    person = sit_down(people, tmp_path, "gail.yaml", "operator:=keyboard", "live:=true")
    person.sees("ready")
    person.press("\x03")
    person.process.wait(20)
    assert person.process.returncode == 130
    assert person.report["node_restarts"] == {}
    assert termios.tcgetattr(person.theirs) == person.modes
