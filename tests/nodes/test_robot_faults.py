"""The table of what happens (docs/hardware.md): real processes, a real loop, a machine of this folder with faults."""

import json
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.parts.disks import disk, fill
from tests.parts.run_cli import Run
from tests.parts.waiting import until_gone
from tutelage.input.problems import Refusal
from tutelage.messages import Observation, Weights
from tutelage.nodes.policy import Policy
from tutelage.turns import play

CART = Path(__file__).parents[1] / "parts" / "cart.py"


def balancing(folder: Path) -> Path:
    """The folder of a run that has learned to balance: a linear law in a network's clothes."""
    folder.mkdir()
    law = np.array([[1.0, 1.6, 18.0, 3.2]], np.float32)
    one, none = np.ones((1, 1), np.float32), np.zeros(1, np.float32)
    tensors = {
        **{"observation.mean": np.zeros(4, np.float32), "observation.scale": np.ones(4, np.float32)},
        **{"policy.0.weight": 0.1 * law, "policy.0.bias": none, "policy.1.weight": one, "policy.1.bias": none},
        **{"policy.2.weight": np.array([[-1.0], [1.0]], np.float32), "policy.2.bias": np.zeros(2, np.float32)},
    }
    save_file(tensors, folder / "weights.safetensors")
    return folder


class CartRun(Run):
    """A policy that balances the cart of cart.py, and what the cart was told."""

    def __init__(self, folder: Path, *arguments: str, file: str = "hardware.yaml", task: str = "CartPole-v1") -> None:
        self.log, self.fault = folder / "told.jsonl", folder / "fault"
        robot = folder / "cart.yaml"
        robot.write_text(
            f"driver: {CART}:Cart\nparameters: {{log: {self.log}, fault: {self.fault}}}\n"
            f"task: {task}\nrate: 50\nstart: automatic\nlimits:\n  cart: {{position: [-2.6, 2.6]}}\n"
        )
        policy = balancing(folder / "policy")
        super().__init__(folder, file, f"policy:={policy}", f"robot:={robot}", *arguments)

    @property
    def told(self) -> list[tuple[int, str, float]]:
        """Time in ns, verb, value, of all that the cart was told."""
        return [tuple(json.loads(line)) for line in self.log.read_text().splitlines()] if self.log.exists() else []

    @property
    def verbs(self) -> list[str]:
        return [verb for _, verb, _ in self.told]

    def until_moving(self) -> "CartRun":
        self.until(lambda: self.verbs.count("write") > 25)
        return self

    def until_stopped(self, times: int) -> None:
        self.until(lambda: self.safety.count("stopped: controlled stop") == times)

    def until_written(self, count: int) -> None:
        self.until(lambda: self.verbs.count("write") > count)

    def until_replaced(self, name: str, killed: int) -> None:
        self.until(lambda: self.nodes().get(name, killed) != killed)

    def until_told(self, count: int) -> None:
        self.until(lambda: len(self.told) > count or "stopped" in self.safety)

    @property
    def safety(self) -> str:
        """What the hardware node printed: its safety states, a line each."""
        log = self.run_dir / "logs" / "hardware.log"
        return log.read_text() if log.exists() else ""


def rested(run: CartRun, since: int) -> bool:
    """Whether the last that moved the cart was followed by a stop, and came no later than `since`."""
    last = max(i for i, verb in enumerate(run.verbs) if verb == "write")
    return "stop" in run.verbs[last:] and run.told[last][0] <= since


def test_a_run_ends_by_itself_and_its_report_says_how_time_was_kept(tmp_path):
    run = CartRun(tmp_path, "seconds:=2", "episode_steps:=20")
    run.ends_well()
    wanted = {"seconds_up", "rate_mean", "interval_max", "deadlines_missed", "commands_refused", "stops"}
    assert wanted <= run.report.keys()
    assert run.report["stops"] == 0 and run.report["seconds_up"] > 1
    assert run.report["episodes"] >= 1 and run.report["episode_return_mean"] > 1
    assert "episodes ended, mean return" in run.output
    assert run.verbs[-2:] == ["stop", "close"]


def test_a_stopped_policy_is_held_then_stopped_and_its_late_answers_move_nothing(tmp_path):
    run = CartRun(tmp_path, "seconds:=4").until_moving()
    policy = run.nodes()["policy"]
    os.kill(policy, signal.SIGSTOP)
    run.until(lambda: "stopped" in run.safety)
    stopped = time.monotonic_ns()
    os.kill(policy, signal.SIGCONT)  # it answers what it has heard meanwhile
    run.ends_well()
    assert "stopped: controlled stop: no action since" in run.safety
    assert rested(run, stopped)
    assert run.report["stops"] == 1
    assert run.report["commands_refused"] >= 1
    forces = [value for _, verb, value in run.told if verb == "write"]
    assert forces[-1] == forces[-2]  # held, before it was stopped


def test_a_killed_policy_moves_nothing_twice_and_nothing_late(tmp_path):
    """It comes back within its restarts: in time, and the cart is never stopped; or not, and the stop is latched."""
    run = CartRun(tmp_path, "seconds:=4").until_moving()
    for _ in range(3):
        killed = run.nodes()["policy"]
        os.kill(killed, signal.SIGKILL)
        run.until_replaced("policy", killed)
        run.until_told(len(run.told) + 10)
    run.ends_well()
    assert run.report["node_restarts"] == {"policy": 3}
    assert run.report["stops"] == (latched := "stopped" in run.safety)
    stops = [i for i, verb in enumerate(run.verbs) if verb == "stop"]
    assert not (latched and "write" in run.verbs[stops[-2] :])


def test_a_killed_launcher_leaves_the_machine_safe(tmp_path):
    run = CartRun(tmp_path).until_moving()
    run.kill()
    until_gone(*run.nodes().values(), seconds=10)
    assert run.verbs[-2:] == ["stop", "close"]
    assert "disarmed: the run has ended" in run.safety


@pytest.mark.slow
def test_on_a_full_disk_control_goes_on(tmp_path):
    (tmp_path / "run").mkdir()
    with disk(tmp_path / "run", "80m"):
        run = CartRun(tmp_path, "episode_steps:=20", "record:=true").until_moving()
        fill(run.run_dir / "filler")
        log = run.run_dir / "logs" / "hardware.log"
        with log.open("ab") as file:
            file.write(bytes(-log.stat().st_size % 4096))  # else there is room for some lines in its last page
        run.until_written(run.verbs.count("write") + 150)
        assert "not up to date" not in run.output  # nobody was started again
        os.kill(run.process.pid, signal.SIGINT)
        run.wait()
        assert run.process.returncode == 1, run.output
        assert "report.json cannot be written" in run.output and "messages were missed" in run.output
        assert "Traceback" not in run.output
    assert run.verbs[-2:] == ["stop", "close"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_the_machine_first(tmp_path, number):
    run = CartRun(tmp_path).until_moving()
    os.kill(run.process.pid, number)
    run.wait()
    assert run.process.returncode == 128 + number, run.output
    assert "disarmed: the run was interrupted" in run.safety
    assert "interrupted\n" in run.output and "learned in" not in run.output
    assert run.verbs[-2:] == ["stop", "close"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("nan", "fault: the sensor of pole gives no number"),
        ("stuck", "stopped: controlled stop: cart, cart velocity, pole, pole velocity stood still"),
        pytest.param("outside", "stopped: protective stop: cart is outside its limits", marks=pytest.mark.slow),
        pytest.param("unplugged", "fault: the cart does not answer: is its cable plugged in?", marks=pytest.mark.slow),
    ],
)
def test_a_machine_that_cannot_be_trusted_is_stopped_and_stays_so(tmp_path, fault, said):
    run = CartRun(tmp_path, "seconds:=4").until_moving()
    run.fault.write_text(fault)
    run.until(lambda: said in run.safety)
    safe = time.monotonic_ns()
    run.fault.unlink()  # all is well again, but nobody has armed it
    run.wait()
    assert run.process.returncode == (0 if fault in ("outside", "stuck") else 1), run.output
    last = max(i for i, verb in enumerate(run.verbs) if verb == "write")
    assert run.told[last][0] <= safe
    assert run.verbs[last + 1] in (("stop", "close") if fault == "unplugged" else ("stop",))
    assert run.report["stops"] == 1


def test_a_machine_that_was_never_reached_is_no_success(tmp_path):
    (tmp_path / "fault").write_text("unplugged")
    run = CartRun(tmp_path, "seconds:=1").wait()
    assert run.process.returncode == 1
    assert "it cannot be used: the cart does not answer" in run.output


def test_a_policy_of_another_task_is_refused(tmp_path):
    weights = np.frombuffer((balancing(tmp_path / "policy") / "weights.safetensors").read_bytes(), np.uint8)
    heard = [Weights(0, 0, 0, weights, 0, False, True), Observation(0, 0, np.zeros((1, 3), np.float32))]
    with pytest.raises(Refusal, match="learned from 4 numbers an observation, but here it has 3"):
        list(play(Policy(), heard))


def test_a_driver_with_an_error_in_it_stops_the_machine_and_ends_the_run_loudly(tmp_path):
    run = CartRun(tmp_path).until_moving()
    run.fault.write_text("broken")
    run.wait()
    assert run.process.returncode == 1
    assert "ZeroDivisionError: a driver with an error in it" in run.output
    assert "hardware has ended and is not restarted" in run.output
    assert run.verbs[-2:] == ["stop", "close"]


def test_a_terminated_node_stops_the_machine_and_is_not_started_again(tmp_path):
    run = CartRun(tmp_path).until_moving()
    os.kill(run.nodes()["hardware"], signal.SIGTERM)
    run.wait()
    assert run.process.returncode == 1
    assert run.verbs[-2:] == ["stop", "close"]
    assert run.verbs.count("connect") == 1
    assert run.report["node_restarts"] == {}


def test_a_stop_that_nobody_lifts_ends_a_run_that_nobody_watches(tmp_path):
    run = CartRun(tmp_path, "patience:=1").until_moving()
    run.fault.write_text("nan")
    run.wait()
    assert run.process.returncode == 1
    assert "nobody has armed it: the sensor of pole gives no number" in run.output


def test_a_run_with_a_machine_is_not_resumed(tmp_path):
    run = CartRun(tmp_path).until_moving()
    run.kill()
    again = Run(tmp_path, "--resume", str(run.run_dir)).wait()
    assert again.process.returncode == 2
    assert "a run with hardware cannot be resumed, because the robot has moved on: start a new run" in again.output


def test_a_machine_needs_a_process_of_its_own(tmp_path):
    run = CartRun(tmp_path, "--one-process").wait()
    assert run.process.returncode == 2
    assert "hardware acts by the clock" in run.output


@pytest.mark.slow
def test_fifty_stops_of_the_policy_at_random_times(tmp_path):
    """Each is held, then stopped; nothing moves until it is armed again, which a nurse does after a while."""
    (tmp_path / "nursed.yaml").write_text(
        "arguments: {policy: {type: folder}, robot: {type: file}}\n"
        "include:\n  - file: hardware.yaml\n"
        "    arguments: {policy: $(policy), robot: $(robot)}\n"
        f"nodes:\n  nurse: {{run: '{Path(__file__).parents[1] / 'parts' / 'nurse.py'}:Nurse'}}\n"
    )
    run = CartRun(tmp_path, file="nursed.yaml").until_moving()
    draws, policy = random.Random(0), run.nodes()["policy"]
    for i in range(1, 51):
        time.sleep(draws.uniform(0.0, 0.3))
        os.kill(policy, signal.SIGSTOP)
        run.until_stopped(i)
        os.kill(policy, signal.SIGCONT)
        run.until_written(run.verbs.count("write") + 5)
    os.kill(run.process.pid, signal.SIGINT)
    run.wait()
    assert run.report["stops"] == 50
    told = run.told
    resting = [  # from a stop to its arming
        armed - stopped
        for (stopped, *first), (armed, *second), (_, *third) in zip(told, told[1:], told[2:], strict=False)
        if (first[0], second[0], third[0]) == ("stop", "stop", "write")
    ]
    assert len(resting) == 50 and min(resting) > 0.29e9
