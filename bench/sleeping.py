"""CartPole whose steps take longer: a sleep stands in for a simulation, and for the cores that it would need."""

import time
from typing import Any

import gymnasium


class Sleeping(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Sleeps so many seconds in each step."""

    def __init__(self, env: gymnasium.Env[Any, Any], seconds: float) -> None:
        super().__init__(env)
        self.seconds = seconds

    def step(self, action: Any) -> Any:
        if self.seconds:
            time.sleep(self.seconds)
        return self.env.step(action)


def make(seconds: float = 0.0, render_mode: str | None = None) -> Sleeping:
    """Episodes of up to 100 steps."""
    return Sleeping(gymnasium.make("CartPole-v1", max_episode_steps=100, render_mode=render_mode), seconds)
