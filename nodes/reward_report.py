"""The recovered reward, kept in the run's folder."""

from __future__ import annotations

import json

from safetensors.numpy import load, save

from tutelage import Message, Node
from tutelage.files import durable
from tutelage.files.rows import naming
from tutelage.messages import RewardModel
from tutelage.tasks.task import Env


class RewardReport(Node):
    """Writes `reward.safetensors` when the run ends: the last reward, and as metadata the task that it is of."""

    hears = (RewardModel,)
    keeps = ("file",)

    def __init__(self, env: Env) -> None:
        self.env = env
        self.file = b""

    def hear(self, message: Message) -> None:
        assert isinstance(message, RewardModel)
        self.file = message.tensors.tobytes()

    def finish(self) -> tuple[Message, ...]:
        if self.file:
            path = self.run_dir / "reward.safetensors"
            with naming(path):
                durable.write(path, save(load(self.file), {"task": json.dumps(self.env)}))
        return ()
