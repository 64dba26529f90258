"""The whole loop of Stable-Baselines3's PPO or SAC, timed for bench/rates.py, which runs this in a Python that has it.

    python3 -m venv VENVS/sb3 && VENVS/sb3/bin/pip install -r bench/peers/sb3.txt

Takes the case as JSON; prints {"seconds": ...} from the first action to the last update.
"""

import json
import sys
import time
from typing import Any

import torch
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.env_util import make_vec_env


def ppo(case: dict[str, Any]) -> BaseAlgorithm:
    return PPO(
        "MlpPolicy",
        make_vec_env(case["env"], case["environments"], seed=0),
        n_steps=case["rollout_steps"],
        n_epochs=case["epochs"],
        batch_size=case["minibatch"],
        policy_kwargs={"net_arch": 2 * [case["hidden"]]},  # policy and value apart, tanh
        device="cpu",
    )


def sac(case: dict[str, Any]) -> BaseAlgorithm:
    return SAC(
        "MlpPolicy",
        make_vec_env(case["env"], case["environments"], seed=0),
        buffer_size=case["replay"],
        learning_starts=case["first_steps"],
        batch_size=case["batch"],
        train_freq=case["rollout_steps"],
        gradient_steps=case["updates"],
        n_steps=case["return_steps"],
        policy_kwargs={"net_arch": 2 * [case["hidden"]]},
        device="cpu",
    )


def main() -> None:
    case = json.loads(sys.argv[1])
    torch.set_num_threads(1)
    learner = {"ppo": ppo, "sac": sac}[case["algorithm"]](case)
    began = time.perf_counter()
    learner.learn(case["steps"])
    print(json.dumps({"seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
