"""The same launch files, with a robot in the simulator's place."""

import re
from pathlib import Path

import pytest

from tests.nodes.test_robot_faults import CART, balancing
from tests.parts.run_cli import Run, cli, finished


@pytest.mark.parametrize("protocol", ["dynamixel", pytest.param("serial", marks=pytest.mark.slow)])
def test_hardware_yaml_starts_an_emulated_rig_and_drives_it(tmp_path, protocol):
    run = finished(
        tmp_path, "rig.yaml", f"policy:={balancing(tmp_path / 'policy')}", f"protocol:={protocol}", "seconds:=5"
    )
    assert run.report["seconds_up"] > 0  # its guard stops it where a busy machine is late, rightly
    assert "moving" in (run.run_dir / "logs" / "hardware.log").read_text()


@pytest.mark.slow
def test_gail_learns_from_a_robot_by_one_argument(tmp_path):
    robot = tmp_path / "cart.yaml"
    robot.write_text(f"driver: {CART}:Cart\ntask: CartPole-v1\nrate: 20\nstart: automatic\n")
    few = ["rollout_steps:=32", "budget:=96", "demonstrations_count:=1", "episodes:=1", "record:=true"]
    run = finished(tmp_path, "gail.yaml", f"robot:={robot}", *few)
    assert run.report["environment_steps"] == 96
    assert run.report["rate_mean"] > 0 and run.report["stops"] == 0
    assert not (run.run_dir / "logs" / "simulator.log").exists() and (run.run_dir / "logs" / "hardware.log").exists()
    played = cli("bag", "play", run.run_dir, "--node", "policy", "--run-dir", tmp_path / "played")
    assert played.returncode == 2 and not (tmp_path / "played").exists()
    assert "hardware would act on the real world: replay it, too, by --node hardware" in played.stderr


@pytest.mark.parametrize("words", [["gail.yaml"], ["hardware.yaml", "policy:=policy"]])
def test_a_robot_that_an_operator_starts_is_refused_where_there_is_none(tmp_path, words):
    balancing(tmp_path / "policy")
    (tmp_path / "cart.yaml").write_text(f"driver: {CART}:Cart\ntask: CartPole-v1\nrate: 20\n")
    run = Run(tmp_path, *words, "robot:=cart.yaml").wait()
    assert run.process.returncode == 2
    assert "cart.yaml: says start: operator (the default), but nobody here arms it" in run.output
    assert "Traceback" not in run.output


def test_a_robot_that_is_described_wrongly_is_one_sentence(tmp_path):
    (tmp_path / "cart.yaml").write_text("driver: 3")
    run = Run(tmp_path, "gail.yaml", "robot:=cart.yaml").wait()
    assert run.process.returncode == 2
    assert "cart.yaml:1:9: a robot's file: 'driver' must be a string, but is 3" in run.output


@pytest.mark.slow
def test_a_robot_that_does_not_appear_ends_the_run_with_its_own_sentence(tmp_path):
    robot = tmp_path / "cart.yaml"
    (tmp_path / "fault").write_text("unplugged")
    parameters = f"parameters: {{fault: {tmp_path / 'fault'}}}"
    robot.write_text(f"driver: {CART}:Cart\n{parameters}\ntask: CartPole-v1\nrate: 50\nstart: automatic\n")
    run = Run(tmp_path, "hardware.yaml", f"policy:={balancing(tmp_path / 'policy')}", f"robot:={robot}").wait()
    assert run.process.returncode == 1
    assert "the cart does not answer: is its cable plugged in?" in run.output
    assert "deadlines missed" not in run.output


def test_a_policy_that_is_not_there_is_one_sentence(tmp_path):
    (tmp_path / "empty").mkdir()
    run = Run(tmp_path, "rig.yaml", "policy:=empty").wait()
    assert run.process.returncode == 2
    assert f"{Path('empty')}: there are no weights here: name the folder of a run that has ended" in run.output


def test_a_policy_of_another_task_is_refused_before_anything_moves(tmp_path):
    policy = balancing(tmp_path / "policy")
    run = Run(tmp_path, "rig.yaml", f"policy:={policy}", "rig:=pendulum", f"link:={tmp_path / 'robot'}").wait()
    assert run.process.returncode == 2
    sentence = "policy: was learned from 4 numbers an observation, but Pendulum-v1 has 3: it is of another task"
    assert sentence in run.output and "Traceback" not in run.output


def test_a_robots_file_and_a_launch_file_that_are_mistaken_for_each_other_are_one_sentence(tmp_path):
    for words in (["cartpole_serial.yaml"], ["cartpole_serial.yaml", "--args"]):
        done = cli("launch", *words, cwd=tmp_path)
        assert done.returncode == 2 and done.stderr.count("\n") == 1
        assert "cartpole_serial.yaml: this is a robot's file, not a launch file: drive the robot by " in done.stderr
        assert re.search(r"launch hardware.yaml robot:=\S+/cartpole_serial.yaml policy:=RUN`$", done.stderr)
    done = cli("launch", "gail.yaml", "robot:=gail.yaml", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert re.search(r"gail.yaml: this is a launch file, not a robot's file: .* launch \S+/gail.yaml`$", done.stderr)
