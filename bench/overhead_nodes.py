"""The nodes of bench/overhead.py: each measures its processor time in simulation, inference or learning."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from tutelage.message import Message
from tutelage.node import Node
from tutelage.nodes import discriminator, learner, policy, sac_learner, simulator


class Timed(Node):
    """Writes the seconds of its process since its start, and those in its `work`, into the run's folder."""

    work: tuple[str, ...] = ()

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self._within = 0.0
        for path in self.work:
            owner, _, name = path.rpartition(".")
            holder = getattr(self, owner) if owner else self
            setattr(holder, name, self._timed(getattr(holder, name)))

    def _timed(self, compute: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return compute(*given, **named)
            finally:
                self._within += time.thread_time() - began

        return timed

    def start(self) -> Iterator[Message]:
        self._began, self._began_at = time.process_time(), time.monotonic()
        yield from super().start()

    def finish(self) -> Iterator[Message]:
        seconds = time.process_time() - self._began
        wall = time.monotonic() - self._began_at
        measured = {"node": self.name, "process": os.getpid(), "seconds": seconds, "within": self._within, "wall": wall}
        (self.run_dir / f"{self.name}.overhead.json").write_text(json.dumps(measured))
        yield from super().finish()


class Simulator(Timed, simulator.Simulator):
    """Simulation: steps and resets."""

    work = ("environments.step", "environments.reset")


class Policy(Timed, policy.Policy):
    """Inference."""

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        policy.act = self._timed(policy.act)  # type: ignore[assignment]


class Discriminator(Timed, discriminator.Discriminator):
    """Learning: updates and scores."""

    work = ("discriminator.update", "discriminator.score")


class RewardDiscriminator(Timed, discriminator.RewardDiscriminator):
    """Learning: updates."""

    work = ("discriminator.update",)


class PPOLearner(Timed, learner.PPOLearner):
    """Learning: updates."""

    work = ("algorithm.begin", "algorithm.gradient", "algorithm.step")


class SACLearner(Timed, sac_learner.SACLearner):
    """Learning: updates."""

    work = ("algorithm.update",)
