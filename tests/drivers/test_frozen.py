"""One reading of the emulated rig stands still while the cart is driven: it is found, named, and not begun again on."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import numpy as np
import pytest
import yaml

from tests.nodes.test_hardware import Loop
from tests.parts.rigs import PATIENT, PROTOCOLS, ROOT, running
from tutelage.messages import Action, Begin, Command, Observation, Order, Safety
from tutelage.tasks.pendulum import pendulum

CHANNELS = ("cart", "cart velocity", "pole", "pole velocity")
MOST_COMMANDS = 11
"""500 ms at 20 Hz, and the one that was under way"""

PLACED_AGAIN = 60
"""periods in which a robot that rests has been placed twice"""


class Rearmed(Loop):
    """The rig's hardware node in this process, and who answers; armed again where this computer was too busy."""

    def run(self, until: Callable[[], bool]) -> "Rearmed":
        def armed_until() -> bool:
            if self.node.guard.state == "stopped" and busy(self.node.guard.reason):
                self.hear(Order(0, 0, "arm", "this computer was busy"))
            return until()

        super().run(armed_until)
        return self

    def applied(self) -> int:
        """How many commands the device was told."""
        return sum(message.applied.size > 0 for message in self.of(Command))


def busy(reason: str) -> bool:
    """Whether a stop came of this computer: no action in time, or no reading new, since the rig itself did not run."""
    whole = reason.count(",") == len(CHANNELS) - 1
    return "no action" in reason or (whole and "stood still" in reason)


def few_or_many(few: int, many: int) -> list[object]:
    return [*range(few), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(few, many))]


@pytest.mark.parametrize("seed", few_or_many(1, 20))
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_reading_that_stands_still_is_found_in_its_time_and_not_begun_again_on(
    tmp_path: Path, protocol: str, seed: int
) -> None:
    draws = Random(f"{protocol} {seed}")
    channel = draws.randrange(4)
    with running("cartpole", protocol, tmp_path) as rig:
        loop = Rearmed(tmp_path, file=rig.file(tmp_path))
        loop.steps(draws.randrange(2, 20))
        rig.tell(f"freeze {channel}")
        before = loop.applied()
        loop.run(lambda: not loop.node.trail.running)
        if loop.node.guard.state == "armed":  # the law sees a frozen pole, and may let it fall within the 500 ms
            ticks, episodes = loop.node.pace.ticks, loop.node.trail.episode
            loop.run(lambda: "stood still" in loop.node.guard.reason or loop.node.pace.ticks > ticks + PLACED_AGAIN)
        assert loop.applied() - before <= MOST_COMMANDS
        if loop.node.guard.state == "armed":  # placed again and again, and never begun on
            assert loop.node.trail.episode == episodes
            loop.node.close()
            pytest.skip("the pole fell before the reading was found")
        stop = f"controlled stop: {CHANNELS[channel]} stood still though commands should move it"
        assert loop.of(Safety)[-1].reason == stop
        episodes = loop.node.trail.episode
        loop.hear(Order(0, 0, "arm", "looked at"))
        loop.hear(Begin(0, 0, "go"))
        ticks = loop.node.pace.ticks
        loop.run(lambda: loop.node.pace.ticks > ticks + 5)
        assert (loop.node.guard.state, loop.node.trail.episode) == ("stopped", episodes)
        assert f"{CHANNELS[channel]} has not moved since it was found stuck" in loop.node.guard.reason
        rig.tell(f"thaw {channel}")
        loop.node.robot.driver.write(np.array([3.0]))  # the hand that moves it
        ticks = loop.node.pace.ticks
        loop.run(lambda: loop.node.pace.ticks > ticks + 4)
        loop.hear(Order(0, 0, "arm", "mended"))
        loop.steps(2)
        loop.node.close()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_encoder_that_does_not_count_is_found(tmp_path: Path, protocol: str) -> None:
    with running("cartpole", protocol, tmp_path) as rig:
        loop = Rearmed(tmp_path, file=rig.file(tmp_path))
        loop.steps(5)
        rig.tell("stuck 1")
        loop.run(lambda: "stood still" in loop.node.guard.reason)
        assert loop.of(Safety)[-1].reason.startswith("controlled stop: pole")  # its speed may follow a little later
        loop.node.close()


@pytest.mark.parametrize("steps", [30, pytest.param(1200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_balances_is_not_stopped(tmp_path: Path, protocol: str, steps: int) -> None:
    with running("cartpole", protocol, tmp_path) as rig:
        loop = Rearmed(tmp_path, file=rig.file(tmp_path, stuck=0.25))
        while len(loop.of(Observation)) < steps:
            loop.steps(10)
        assert not [m for m in loop.of(Safety) if "stood" in m.reason and not busy(m.reason)]
        loop.node.close()


def swing(seen: Observation) -> Iterator[Action]:
    """Half the torque that the law asks for."""
    torque = pendulum(seen.observation[0])
    yield Action(seen.rollout, seen.step, (torque[None] / 2).astype(np.float32), np.zeros(1, np.float32), 0)


@pytest.mark.parametrize("steps", [30, pytest.param(1200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_swings_up_and_stays_up_is_not_stopped(tmp_path: Path, protocol: str, steps: int) -> None:
    with running("pendulum", protocol, tmp_path) as rig:
        told = yaml.safe_load((ROOT / "launch" / "robots" / f"pendulum_{protocol}.yaml").read_text())
        told["parameters"] |= {**PATIENT, "port": str(rig.link)}
        (tmp_path / "robot.yaml").write_text(yaml.safe_dump(told))
        loop = Rearmed(tmp_path, swing, file=tmp_path / "robot.yaml", env="Pendulum-v1")
        while len(loop.of(Observation)) < steps:
            loop.steps(10)
        assert not [message for message in loop.of(Safety) if "stood" in message.reason]
        loop.node.close()
