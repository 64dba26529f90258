"""What was learned, kept in the run folder: measurements as they come, the final weights, the numbers of the report.

`weights.safetensors` are the final weights, and there only when they are. What a run that did not come to its end had
learned is in `weights.interim.safetensors`, until the run goes on and comes to it.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from safetensors.numpy import load

from tutelage import Message, Node
from tutelage.files import durable
from tutelage.files.rows import Rows, naming
from tutelage.finite import check_all
from tutelage.input.problems import complain
from tutelage.messages import Demonstration, Episode, Evaluation, Metrics, Timing, Weights, Withdrawal

FINAL, INTERIM, METRICS = "weights.safetensors", "weights.interim.safetensors", "metrics.jsonl"


class Report(Node):
    """Writes `metrics.jsonl`, the weights and `learned.json`, which the launcher makes `report.json` of."""

    hears = (Weights,)
    may_hear = (Metrics, Evaluation, Episode, Demonstration, Withdrawal, Timing)
    order = "arrival"
    interruptible = True
    keeps = ("learned", "expert_returns", "returns", "latest")

    def __init__(self) -> None:
        self.learned: dict[str, Any] = {"demonstrations": 0}
        self.expert_returns: list[float] = []
        self.returns: deque[float] = deque(maxlen=100)
        self.began = 0.0
        self.latest = (b"", 0, 0.0)  # weights, environment steps, seconds since the first message
        self.interrupted = False
        self.rows = Rows()  # of metrics.jsonl
        self.kept = False  # the final weights are in their file

    def start(self) -> tuple[Message, ...]:
        (self.run_dir / METRICS).unlink(missing_ok=True)  # of a life that was cut short before it kept anything
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
                self._write(message.rollout, message.values)
            case Weights():
                self._check(message)
                seconds = time.monotonic() - self.began if message.policy_version else 0.0  # of no learning
                self.latest = (message.tensors.tobytes(), message.environment_steps, seconds)
                if message.final and not self.interrupted:
                    self._learned("weights_digest")
                    self._say_if_unwritten(self._keep)
            case Evaluation():
                self._evaluated(message)
            case Timing():
                self._timed(message)

    def _check(self, message: Weights) -> None:
        """Weights that are no numbers are not kept: those before them are, and the run ends."""
        try:
            check_all(f"weights of version {message.policy_version}", load(message.tensors.tobytes()))
        except FloatingPointError:
            self.finish()
            raise

    def _write(self, rollout: int, values: dict[str, float]) -> None:
        if "time/total_timesteps" in values and self.returns:
            values = {**values, "rollout/ep_rew_mean": sum(self.returns) / len(self.returns)}
        self.rows.add({"rollout": rollout, **values})
        self._say_if_unwritten(self._append)

    def _append(self) -> None:
        self.rows.append(self.run_dir / METRICS)

    def _say_if_unwritten(self, write: Callable[[], None]) -> None:
        """A full disk must not end what runs: what it has no room for is written later, in the end at last."""
        try:
            write()
        except OSError as error:
            if not self.unkept:
                complain(f"not written yet: {error}")

    def _keep(self) -> None:
        """Writes the final weights. Interim ones are of no more use then."""
        with naming(self.run_dir / FINAL):
            durable.write(self.run_dir / FINAL, self.latest[0])
        (self.run_dir / INTERIM).unlink(missing_ok=True)
        self.kept = True

    def _keep_interim(self) -> None:
        """Writes the weights that it has come to. A former life of the run may have come further."""
        with naming(self.run_dir / INTERIM):
            durable.write(self.run_dir / INTERIM, self.latest[0])

    def _learned(self, digest: str) -> None:
        tensors, steps, seconds = self.latest
        self.learned |= {
            digest: hashlib.sha256(tensors).hexdigest(),
            "environment_steps": steps,
            "seconds_learning": round(seconds, 3),
            "steps_per_second": round(steps / seconds) if seconds else 0,
        }

    def _timed(self, kept: Timing) -> None:
        figures = {field.name: getattr(kept, field.name) for field in Timing.declared[2:]}
        self.learned |= figures
        self._write(kept.rollout, {f"hardware/{name}": float(value) for name, value in figures.items()})

    def _evaluated(self, found: Evaluation) -> None:
        values = {"eval/mean_reward": found.greedy.mean(), "time/total_timesteps": found.environment_steps}
        if found.final:
            values |= {"eval/mean_reward_sampled": found.sampled.mean()}
            self.learned |= {
                "return_mean": found.greedy.mean(),
                "return_std": found.greedy.std(),
                "return_sampled_mean": found.sampled.mean(),
                "evaluation_episodes": len(found.greedy),
            }
        self._write(found.rollout, values)

    def finish(self) -> tuple[Message, ...]:
        if "weights_digest" not in self.learned and self.latest[0]:  # cut short: what there is, is kept
            self._learned("interim_weights_digest")
            self._keep_interim()
        if "weights_digest" in self.learned and not self.kept:
            self._keep()
        self._append()
        if self.expert_returns:
            self.learned["expert_return_mean"] = sum(self.expert_returns) / len(self.expert_returns)
        if self.returns:
            self.learned["episode_return_mean"] = sum(self.returns) / len(self.returns)
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
