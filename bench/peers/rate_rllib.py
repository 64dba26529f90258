"""The whole loop of RLlib's PPO or SAC, timed for bench/rates.py, which runs this in a Python that has it.

    python3 -m venv VENVS/rllib && VENVS/rllib/bin/pip install -r bench/peers/rllib.txt

Takes the case as JSON; prints {"seconds": ..., "steps": ...} from after the first iteration, which starts what is
needed, to the last update. One process samples, another learns; so each has a core of two.
"""

import json
import sys
import time
from typing import Any

import ray
from ray.rllib.algorithms import AlgorithmConfig
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.algorithms.sac import SACConfig
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig

SAMPLED = "num_env_steps_sampled_lifetime"
RUNNERS = 1


def ppo(case: dict[str, Any]) -> AlgorithmConfig:
    network = DefaultModelConfig(fcnet_hiddens=2 * [case["hidden"]], fcnet_activation="tanh", vf_share_layers=False)
    return (
        PPOConfig()
        .training(
            train_batch_size=case["environments"] * case["rollout_steps"],
            num_epochs=case["epochs"],
            minibatch_size=case["minibatch"],
        )
        .rl_module(model_config=network)
    )


def sac(case: dict[str, Any]) -> AlgorithmConfig:
    rollout = case["environments"] * case["rollout_steps"]
    return (
        SACConfig()
        .training(
            train_batch_size=case["batch"],
            training_intensity=case["updates"] * case["batch"] / rollout / (1 + RUNNERS),  # it counts one runner more
            n_step=case["return_steps"],
            num_steps_sampled_before_learning_starts=case["first_steps"],
            replay_buffer_config={"type": "EpisodeReplayBuffer", "capacity": case["replay"]},
        )
        .rl_module(model_config=DefaultModelConfig(fcnet_hiddens=[case["hidden"]], head_fcnet_hiddens=[case["hidden"]]))
        .reporting(min_sample_timesteps_per_iteration=rollout, min_time_s_per_iteration=0)
    )


def main() -> None:
    case = json.loads(sys.argv[1])
    ray.init("local", num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False)
    learner = (
        {"ppo": ppo, "sac": sac}[case["algorithm"]](case)
        .environment(case["env"])
        .env_runners(
            num_env_runners=RUNNERS,
            num_envs_per_env_runner=case["environments"],
            rollout_fragment_length=case["rollout_steps"],
        )
        .build_algo()
    )
    before = steps = learner.train()["env_runners"][SAMPLED]
    began = time.perf_counter()
    while steps < before + case["steps"]:
        steps = learner.train()["env_runners"][SAMPLED]
    print(json.dumps({"seconds": time.perf_counter() - began, "steps": steps - before}))
    ray.shutdown()


if __name__ == "__main__":
    main()
