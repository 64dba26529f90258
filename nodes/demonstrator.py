"""An expert that needs no human pace: plays whole episodes in its own environment, and publishes demonstrations."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from tutelage import Message, Node
from tutelage.finite import check, within
from tutelage.input.problems import Problem, Refusal
from tutelage.learning.draws import generator
from tutelage.learning.state_only import changes
from tutelage.message import Promise
from tutelage.messages import Demonstration, Episode
from tutelage.tasks.playing import Step, episode, observations
from tutelage.tasks.task import Env, Task
from tutelage.teaching.operators import law


class Demonstrator(Node):
    """Shows `count` episodes (or ten) in its own environment: as fast as possible, or at `rate` steps a second.

    Demonstration i counts from rollout i * `every`; with 0 all of them come before the first rollout. `operator` is
    `scripted`, a function from observation to action (`package.module:function`), or the folder of a run: its policy.
    With `state_only` it does not tell its actions: the change of the observation takes their place. Of each episode it
    shows every `subsample`-th pair.
    """

    says = (Demonstration, Episode)
    inherits: ClassVar[dict[str, str]] = {"operator": "weights.safetensors"}

    def __init__(
        self,
        env: Env,
        count: int | None = None,
        seed: int = 0,
        rate: float = 0.0,
        every: int = 0,
        operator: str = "scripted",
        state_only: bool = False,
        subsample: int = 1,
    ) -> None:
        self.task = Task(env)
        count = 10 if count is None else count
        if count < 1:
            raise Refusal([Problem("count", f"is {count}, but at least one demonstration must be shown")])
        self.law = law(operator, self.task)
        self.count, self.seed, self.rate, self.every = count, seed, rate, every
        self.state_only, self.subsample = state_only, subsample

    def start(self) -> Iterator[Message]:
        environment = self.task.make()
        for i in range(self.count):
            yield from self._episode(environment, i)
        environment.close()

    def _episode(self, environment: Any, i: int) -> Iterator[Message]:
        """Plays one episode and publishes it."""
        seed = int(generator(self.seed, "teleoperator", i).integers(2**31))
        steps: list[Step] = []
        total = 0.0  # not sum(), which rounds differently since Python 3.12
        deadline = time.monotonic()
        place = f"{self.task.env}, demonstration {i}"
        for step in episode(environment, self.law, seed):
            steps.append(step)
            total += step.reward
            if not (within(step.observation) and within(step.following) and within(step.reward)):
                check(f"{place}, step {len(steps) - 1}", "observation", step.observation)
                check(f"{place}, step {len(steps)}", "observation", step.following)
                check(f"{place}, step {len(steps)}", "reward", step.reward)
            if self.rate:
                deadline += 1 / self.rate
                time.sleep(max(0.0, deadline - time.monotonic()))
                yield Promise(i * self.every, 0)
        seen, action = observations(steps), self.task.spaces.from_task(np.array([step.action for step in steps]))
        shown = Demonstration(
            i * self.every,
            0,
            observation=seen,
            action=changes(seen) if self.state_only else action,
            terminated=steps[-1].terminated,
            truncated=steps[-1].truncated,
            operator=self.law.__name__,
        ).thinned(self.subsample, generator(self.seed, "teleoperator", "thinning", i))
        yield shown
        yield shown.episode(i, seed, total)
