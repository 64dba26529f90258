"""GAIL by the library `imitation`, with the settings of its documentation, for bench/peers.py.

    python3 -m venv VENVS/imitation && VENVS/imitation/bin/pip install -r bench/peers/imitation.txt
    VENVS/imitation/bin/python bench/peers/gail_imitation.py pairs.npz ENV SEED SECONDS

It needs an older gymnasium, which has the MuJoCo tasks as version 4.
"""

import sys
import tempfile
import warnings

warnings.filterwarnings("ignore")

import numpy as np
import torch
from course import Course, Spent
from imitation.algorithms.adversarial.gail import GAIL
from imitation.data.types import Transitions
from imitation.rewards.reward_nets import BasicRewardNet
from imitation.util import logger
from imitation.util.networks import RunningNorm
from imitation.util.util import make_vec_env
from stable_baselines3 import PPO
from stable_baselines3.ppo import MlpPolicy

COPIES, STEPS = 8, 2048


def shown(file: str) -> Transitions:
    """The pairs as it takes them. Its GAIL reads observations and actions alone."""
    data = dict(np.load(file, allow_pickle=False))
    count = len(data["action"])
    nothing, over = np.array([{}] * count), np.zeros(count, bool)
    return Transitions(data["observation"], data["action"], nothing, data["observation"], over)


def trainer(file: str, env: str, seed: int) -> GAIL:
    copies, pairs = make_vec_env(env, rng=np.random.default_rng(seed), n_envs=COPIES), shown(file)
    ppo = {"batch_size": 64, "ent_coef": 0.0, "learning_rate": 0.0004, "gamma": 0.95, "n_epochs": 5}
    return GAIL(
        demonstrations=pairs,
        demo_batch_size=min(1024, len(pairs)),
        gen_replay_buffer_capacity=512,
        n_disc_updates_per_round=8,
        venv=copies,
        gen_algo=PPO(MlpPolicy, copies, n_steps=STEPS, seed=seed, device="cpu", **ppo),
        reward_net=BasicRewardNet(copies.observation_space, copies.action_space, normalize_input_layer=RunningNorm),
        allow_variable_horizon=True,
        custom_logger=logger.configure(tempfile.mkdtemp(), format_strs=[]),
    )


def main() -> None:
    file, env, seed, seconds = sys.argv[1], sys.argv[2].replace("-v5", "-v4"), int(sys.argv[3]), float(sys.argv[4])
    torch.set_num_threads(1)
    learner = trainer(file, env, seed)
    course = Course(env, lambda observation: learner.policy.predict(observation, deterministic=True)[0], seconds)
    try:
        learner.train(10**9, callback=lambda done: course.after((done + 1) * COPIES * STEPS))
    except Spent:
        return


if __name__ == "__main__":
    main()
