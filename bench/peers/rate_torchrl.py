"""The whole loop of TorchRL's PPO or SAC, timed for bench/rates.py, which runs this in a Python that has it.

    python3 -m venv VENVS/torchrl && VENVS/torchrl/bin/pip install -r bench/peers/torchrl.txt

Takes the case as JSON; prints {"seconds": ...} from the first action to the last update. TorchRL gives the parts; the
loops are those of its examples.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from tensordict import TensorDictBase
from torch import nn
from torchrl.collectors import Collector
from torchrl.data import LazyTensorStorage, SamplerWithoutReplacement, TensorDictReplayBuffer
from torchrl.envs import EnvBase
from torchrl.envs.transforms import MultiStepTransform
from torchrl.objectives import ClipPPOLoss, SACLoss, SoftUpdate
from torchrl.objectives.value import GAE
from torchrl_networks import action_value, actor, environment, value

Learn = Callable[[TensorDictBase], None]


def step(optimiser: torch.optim.Optimizer, losses: TensorDictBase, max_norm: float | None = None) -> None:
    loss = sum(value for name, value in losses.items() if name.startswith("loss_"))
    optimiser.zero_grad()
    loss.backward()
    if max_norm:
        nn.utils.clip_grad_norm_(optimiser.param_groups[0]["params"], max_norm)
    optimiser.step()


def ppo(case: dict[str, Any], env: EnvBase, **settings: float) -> tuple[nn.Module, Learn]:
    policy = actor(env, case["hidden"], nn.Tanh)
    critic = value(env, case["hidden"], nn.Tanh)
    advantage = GAE(gamma=0.99, lmbda=0.95, value_network=critic)
    loss = ClipPPOLoss(policy, critic, **settings)
    optimiser = torch.optim.Adam(loss.parameters(), lr=3e-4)
    rows = TensorDictReplayBuffer(
        storage=LazyTensorStorage(case["environments"] * case["rollout_steps"]),
        sampler=SamplerWithoutReplacement(),
        batch_size=case["minibatch"],
    )

    def learn(rollout: TensorDictBase) -> None:
        with torch.no_grad():
            rollout = advantage(rollout)
        rows.extend(rollout.reshape(-1))
        for _ in range(case["epochs"]):
            for batch in rows:
                step(optimiser, loss(batch), max_norm=0.5)

    return policy, learn


def sac(case: dict[str, Any], env: EnvBase) -> tuple[nn.Module, Learn]:
    policy = actor(env, case["hidden"], nn.ReLU)
    loss = SACLoss(policy, action_value(env, case["hidden"]), loss_function="l2", action_spec=env.action_spec_unbatched)
    loss.make_value_estimator(gamma=0.99)
    target = SoftUpdate(loss, tau=0.005)
    optimiser = torch.optim.Adam(loss.parameters(), lr=3e-4)
    n_step = MultiStepTransform(n_steps=case["return_steps"], gamma=0.99)
    replay = TensorDictReplayBuffer(storage=LazyTensorStorage(case["replay"]), batch_size=case["batch"])

    def learn(rollout: TensorDictBase) -> None:
        replay.extend(n_step.inv(rollout).reshape(-1))
        if len(replay) < case["first_steps"]:
            return
        for _ in range(case["updates"]):
            step(optimiser, loss(replay.sample()))
            target.step()

    return policy, learn


def main() -> None:
    case = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    env = environment(case["env"], case["environments"])
    policy, learn = {"ppo": ppo, "sac": sac}[case["algorithm"]](case, env)
    frames = case["environments"] * case["rollout_steps"]
    began = time.perf_counter()
    for rollout in Collector(env, policy, frames_per_batch=frames, total_frames=case["steps"]):
        learn(rollout)
    print(json.dumps({"seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
