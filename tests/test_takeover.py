"""A person at a terminal beside a policy that drives the emulated rig: takes over, gives back, stops, arms."""

from __future__ import annotations

import signal
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np

from drivers.formats.takes import takes
from messages import Command, Order, Safety
from tests.person import RIGHT, SPACE, Person
from tests.rigs import running
from tests.test_robot_faults import balancing
from tutelage.recording import Reader

ESCAPE = "\x1b"
RATE = 40.0
"""N/s"""


def test_a_person_takes_over_gives_back_stops_and_arms(tmp_path: Path) -> None:
    policy = balancing(tmp_path / "policy")
    with running("cartpole", "serial", tmp_path) as rig:
        limits = {"cart": {"position": [-2.45, 2.45]}, "force": {"position": [-3, 3], "rate": RATE, "safe": 0}}
        robot = rig.file(tmp_path, limits=limits)
        person = Person(
            tmp_path, "hardware.yaml", f"policy:={policy}", f"robot:={robot}", "operator:=keyboard", "record:=true"
        )
        try:
            drive(person)
        finally:
            person.close()
    recording = person.run_dir / "recording.mcap"
    said = [message for _, message in Reader(recording).of(Command, Order, Safety)]
    check_who_drove([message for message in said if isinstance(message, Command)])
    orders = [message.order for message in said if isinstance(message, Order)]
    assert orders == ["give back", "stop", "arm", "give back"]
    states = [message.state for message in said if isinstance(message, Safety)]
    assert states[states.index("stopped") :][:3] == ["stopped", "armed", "moving"]
    kept = [take for *_, take in takes(recording).takes]
    assert kept and all(take.verdict == "kept" and take.device == "keyboard over policy" for take in kept)
    assert 1 in kept[0].action and kept[0].terminated


def drive(person: Person) -> None:
    person.sees("the policy drives")
    person.sees("take over, give back   r arm   escape stop")
    person.sees("robot MOVING")
    person.press(SPACE)
    person.sees("YOU DRIVE")
    person.press(RIGHT)  # until it has fallen
    person.sees(r"intervention 0: \d+ steps")
    person.press(SPACE)
    person.sees("given back")
    person.sees("the policy drives")
    person.sees("robot MOVING")
    person.press(ESCAPE)
    person.sees("robot STOPPED: ordered to stop")
    person.press("r")
    person.sees("robot MOVING")
    person.process.send_signal(signal.SIGINT)
    person.process.wait(30)


def check_who_drove(commands: list[Command]) -> None:
    """Policy, human, policy; what was applied goes on from what was applied before, also where they change."""
    actors = [actor for actor, _ in groupby(one.actor for one in commands if one.actor != "guard")]
    assert actors == ["policy", "human", "policy"]
    for before, after in pairwise(commands):
        if before.actor != after.actor and before.applied.size and after.applied.size:
            assert np.abs(after.applied - before.applied).max() <= RATE / 20 + 0.11  # the rig's force has steps of 1 %
