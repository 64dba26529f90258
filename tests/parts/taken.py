"""A node that notes each take that it hears, for tests."""

import json

from tutelage import Message, Node
from tutelage.messages import Take


class Taken(Node):
    """Writes `takes.jsonl` into the run's folder."""

    hears = (Take,)
    order = "arrival"

    def hear(self, message: Message) -> None:
        assert isinstance(message, Take)
        noted = {
            "take": message.take, "verdict": message.verdict, "length": len(message.action),
            "return": float(message.reward.sum()), "operator": message.operator, "device": message.device,
            "seed": message.seed, "actions": message.action.tolist(), "first": message.observation[0].tolist(),
            "last": message.observation[-1].tolist(),
            "whole": len(message.observation) == len(message.captured) == len(message.applied) + 1 == len(message.action) + 1,
            "in order": bool((message.captured[:-1] <= message.applied).all() and (message.applied <= message.captured[1:]).all()),
        }  # fmt: skip
        with (self.run_dir / "takes.jsonl").open("a") as file:
            file.write(json.dumps(noted) + "\n")
