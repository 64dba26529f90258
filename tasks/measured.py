"""What messages measure, by name: the names of Stable-Baselines3 where it has the same figure."""

from __future__ import annotations

from collections.abc import Collection

from tutelage.messages import Evaluation, Timing

STEPS = "time/total_timesteps"
"""Environment steps so far. A row of measurements that has them is of one more rollout."""


def of_episodes(returns: Collection[float]) -> dict[str, float]:
    """Of the policy's last episodes, with sampled actions; empty if there are none."""
    return {"rollout/ep_rew_mean": sum(returns) / len(returns)} if returns else {}


def of_evaluation(found: Evaluation) -> dict[str, float]:
    """Of an evaluation; the sampled return is of the final one alone."""
    values = {"eval/mean_reward": float(found.greedy.mean()), STEPS: float(found.environment_steps)}
    return values | ({"eval/mean_reward_sampled": float(found.sampled.mean())} if found.final else {})


def of_timing(timing: Timing) -> dict[str, float]:
    """Of a robot's control loop."""
    return {f"hardware/{field.name}": float(getattr(timing, field.name)) for field in Timing.declared[2:]}
