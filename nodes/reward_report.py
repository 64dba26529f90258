"""The recovered reward, kept in the run's folder."""

from __future__ import annotations

import json

from safetensors.numpy import load, save

from tutelage import Message, Node
from tutelage.files import durable
from tutelage.files.rows import naming
from tutelage.files.weights import INTERIM_REWARD, REWARD
from tutelage.messages import RewardModel, Weights
from tutelage.tasks.task import Env


class RewardReport(Node):
    """Writes `reward.safetensors` when the run ends: the last reward, and as metadata the task that it is of.

    A run that ends early leaves `reward.interim.safetensors` instead.
    """

    hears = (RewardModel, Weights)
    interruptible = writes = True
    keeps = ("file", "final")

    def __init__(self, env: Env) -> None:
        self.env = env
        self.file = b""
        self.final = self.interrupted = False  # final: the learner has published its final weights

    def hear(self, message: Message) -> None:
        if isinstance(message, RewardModel):
            self.file = message.tensors.tobytes()
        elif isinstance(message, Weights):
            self.final = message.final and not self.interrupted

    def finish(self) -> tuple[Message, ...]:
        if self.file:
            name, other = (REWARD, INTERIM_REWARD) if self.final else (INTERIM_REWARD, REWARD)
            with naming(self.run_dir / name):
                durable.write(self.run_dir / name, save(load(self.file), {"task": json.dumps(self.env)}))
            (self.run_dir / other).unlink(missing_ok=True)
        return ()

    def interrupt(self) -> None:
        self.interrupted = True
