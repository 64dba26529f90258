"""Keeps the results of a run in its folder: metrics as they come, the final weights, the figures of the report."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from safetensors.numpy import load

from tutelage import Message, Node
from tutelage.files import durable
from tutelage.files.rows import Rows
from tutelage.files.weights import write_final, write_interim
from tutelage.finite import check_all
from tutelage.input.problems import complain
from tutelage.messages import Demonstration, Episode, Evaluation, Metrics, Timing, Weights, Withdrawal
from tutelage.tasks.measured import STEPS, of_episodes, of_evaluation, of_timing

METRICS = "metrics.jsonl"


class Report(Node):
    """Writes `metrics.jsonl`, the weights, and `learned.json`, from which the launcher makes `report.json`."""

    may_hear = (Weights, Metrics, Evaluation, Episode, Demonstration, Withdrawal, Timing)
    order = "arrival"
    interruptible = writes = True
    keeps = ("learned", "expert_returns", "returns", "latest")

    def __init__(self) -> None:
        self.learned: dict[str, Any] = {"demonstrations": 0}
        self.expert_returns: list[float] = []
        self.returns: deque[float] = deque(maxlen=100)
        self.began = 0.0  # when the first message came, in seconds of the monotonic clock
        self.latest = (b"", 0, 0.0)  # weights, environment steps, seconds since the first message
        self.rows = Rows()  # of metrics.jsonl
        self.interrupted = self.kept = False  # kept: the final weights are in their file

    def start(self) -> tuple[Message, ...]:
        (self.run_dir / METRICS).unlink(missing_ok=True)  # from a process that was killed before its first checkpoint
        return ()

    def hear(self, message: Message) -> None:
        self.began = self.began or time.monotonic()
        match message:
            case Demonstration():
                self.learned["demonstrations"] += 1
            case Withdrawal():
                self.learned["demonstrations"] -= message.demonstrations
                del self.expert_returns[-message.demonstrations :]
            case Episode(actor="expert"):
                self.expert_returns.append(message.episode_return)
            case Episode(actor="policy"):
                self.returns.append(message.episode_return)
                self.learned["episodes"] = self.learned.get("episodes", 0) + 1
            case Metrics():
                self._measured(message.rollout, message.values)
            case Weights():
                self._weights(message)
            case Evaluation():
                self._evaluated(message)
            case Timing():
                self._timed(message)

    def _weights(self, message: Weights) -> None:
        """Takes the newest weights. Those that are not finite are refused: the ones before are kept, the run ends."""
        tensors = message.tensors.tobytes()
        try:
            check_all(f"weights of version {message.policy_version}", load(tensors))
        except FloatingPointError:
            self.finish()
            raise
        seconds = time.monotonic() - self.began if message.policy_version else 0.0  # version 0 has not learned
        self.latest = (tensors, message.environment_steps, seconds)
        if message.final and not self.interrupted:
            self._learned("weights_digest")
            self._try(self._keep)

    def _measured(self, rollout: int, values: dict[str, float]) -> None:
        course = of_episodes(self.returns) if STEPS in values else {}
        self.rows.add({"rollout": rollout, **values, **course})
        self._try(lambda: self.rows.append(self.run_dir / METRICS))

    def _keep(self) -> None:
        write_final(self.run_dir, self.latest[0])
        self.kept = True

    def _try(self, write: Callable[[], None]) -> None:
        """A full disk does not end the run: what it has no room for is written later, at the latest at the end."""
        try:
            write()
        except OSError as error:
            if not self.unkept:
                complain(f"not written yet: {error}")

    def _learned(self, digest: str) -> None:
        tensors, steps, seconds = self.latest
        self.learned |= {
            digest: hashlib.sha256(tensors).hexdigest(),
            "environment_steps": steps,
            "seconds_learning": round(seconds, 3),
            "steps_per_second": round(steps / seconds) if seconds else 0,
        }

    def _timed(self, timing: Timing) -> None:
        self.learned |= {field.name: getattr(timing, field.name) for field in Timing.declared[2:]}
        self._measured(timing.rollout, of_timing(timing))

    def _evaluated(self, found: Evaluation) -> None:
        if found.final:
            self.learned |= {
                "return_mean": found.greedy.mean(),
                "return_std": found.greedy.std(),
                "return_sampled_mean": found.sampled.mean(),
                "evaluation_episodes": len(found.greedy),
            }
        self._measured(found.rollout, of_evaluation(found))

    def finish(self) -> tuple[Message, ...]:
        if "weights_digest" not in self.learned and self.latest[0]:  # the run was ended early
            self._learned("interim_weights_digest")
            write_interim(self.run_dir, self.latest[0])
        if "weights_digest" in self.learned and not self.kept:
            self._keep()
        self.rows.append(self.run_dir / METRICS)
        all_returns = {"expert_return_mean": self.expert_returns, "episode_return_mean": self.returns}
        self.learned |= {name: sum(returns) / len(returns) for name, returns in all_returns.items() if returns}
        durable.write_json(self.run_dir / "learned.json", self.learned)
        return ()

    def interrupt(self) -> None:
        self.interrupted = True

    def state(self) -> dict[str, Any]:
        self.rows.sync(self.run_dir / METRICS)
        return super().state() | self.rows.state() | {"elapsed": time.monotonic() - self.began if self.began else 0.0}

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        self.rows.load(state)
        self.began = time.monotonic() - state["elapsed"] if state["elapsed"] else 0.0
        self.rows.cut(self.run_dir / METRICS)
