"""One of several learners without a graph: PPO's updates, with gradients that torch.distributed sums by gloo.

python bench/learners_gloo.py MEETING PART PARTS HIDDEN UPDATES STEPS prints the seconds of an update; for learners.py.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import torch
import torch.distributed as distributed

from tutelage.learning.draws import generator
from tutelage.learning.ppo import PPO, Settings
from tutelage.learning.rollout import Rollout, Spaces

CARTPOLE = Spaces(4, 2, discrete=True)


def rollout(steps: int) -> Rollout:
    draw = generator(0, "rollout")
    shape = (64, steps // 64)
    before, after = (draw.standard_normal((*shape, 4), np.float32) for _ in range(2))
    ends = draw.random(shape) < 0.02
    log_prob = np.full(shape, np.log(0.5), np.float32)
    return Rollout(before, draw.integers(0, 2, shape), after, log_prob, ends, np.zeros_like(ends))


def update(ppo: PPO, steps: Rollout, part: int, parts: int, k: int) -> None:
    going = ppo.begin(steps, np.ones(steps.log_prob.shape, np.float32), 0.0, generator(0, "learner", k), 0.0)
    while going.minibatches:
        gradient, losses = ppo.gradient(going, part, parts)
        whole = np.concatenate([gradient, losses])
        if parts > 1:
            distributed.all_reduce(torch.from_numpy(whole))
        ppo.step(going, *np.split(whole, [len(gradient)]))


def main() -> None:
    part, parts, hidden, updates, steps = map(int, sys.argv[2:])
    torch.set_num_threads(1)
    if parts > 1:
        distributed.init_process_group("gloo", init_method=f"file://{sys.argv[1]}", rank=part, world_size=parts)
    ppo, data = PPO(CARTPOLE, 0, Settings(hidden=hidden)), rollout(steps)
    for k in range(updates + 2):
        if k == 2:
            began, used = time.monotonic(), time.process_time()
        update(ppo, data, part, parts, k)
    wall, used = time.monotonic() - began, time.process_time() - used
    print(json.dumps({"wall": wall / updates, "processor": used / updates}))


if __name__ == "__main__":
    main()
