"""Ray RLlib's PPO beside `simulators:=N`: N env runners of a copy each. It runs in a Python that has RLlib.

python3 -m venv RLLIB && RLLIB/bin/pip install 'ray[rllib]==2.60.0' torch==2.13.0
RLLIB/bin/python bench/simulators_rllib.py RUNNERS SECONDS_A_STEP ROLLOUT_STEPS ROLLOUTS

Prints its environment steps a second.
"""

import sys
import time
from pathlib import Path

import ray
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.tune.registry import register_env

HERE = str(Path(__file__).parent)
sys.path.insert(0, HERE)

from sleeping import make

SAMPLED = "num_env_steps_sampled_lifetime"


def main() -> None:
    runners, seconds = int(sys.argv[1]), float(sys.argv[2])
    steps, rollouts = int(sys.argv[3]), int(sys.argv[4])
    environment = {"env_vars": {"PYTHONPATH": HERE}}
    quiet = {"include_dashboard": False, "logging_level": "error", "log_to_driver": False}
    ray.init("local", num_cpus=runners + 1, runtime_env=environment, **quiet)
    register_env("sleeping", lambda config: make(config["seconds"]))
    network = DefaultModelConfig(fcnet_hiddens=[64, 64], fcnet_activation="tanh", vf_share_layers=False)
    algorithm = (
        PPOConfig()
        .environment("sleeping", env_config={"seconds": seconds})
        .env_runners(num_env_runners=runners, num_envs_per_env_runner=1, rollout_fragment_length=steps)
        .training(train_batch_size=runners * steps, minibatch_size=runners * steps, num_epochs=1)
        .rl_module(model_config=network)
        .build_algo()
    )
    algorithm.train()  # the first one starts what is needed
    before = after = algorithm.train()["env_runners"][SAMPLED]
    began = time.perf_counter()
    while after < before + runners * steps * rollouts:
        after = algorithm.train()["env_runners"][SAMPLED]
    print(round((after - before) / (time.perf_counter() - began)))
    algorithm.stop()
    ray.shutdown()


if __name__ == "__main__":
    main()
