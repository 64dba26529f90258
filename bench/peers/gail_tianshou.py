"""Tianshou's GAIL, with the settings of its example (examples/inverse/irl_gail.py), for bench/peers.py.

    python3 -m venv VENVS/tianshou && VENVS/tianshou/bin/pip install -r bench/peers/tianshou.txt
    VENVS/tianshou/bin/python bench/peers/gail_tianshou.py pairs.npz ENV SEED SECONDS

Observations are not normalised: its example does so for the policy's and not for the expert's. Discrete actions, which
its discriminator does not take, are one-hot vectors.
"""

import sys
import warnings

warnings.filterwarnings("ignore")

import gymnasium as gym
import numpy as np
import torch
from course import Course, Spent
from tianshou.algorithm.imitation.gail import GAIL
from tianshou.algorithm.modelfree.reinforce import (
    DiscreteActorPolicy,
    ProbabilisticActorPolicy,
)
from tianshou.algorithm.optim import AdamOptimizerFactory
from tianshou.data import Batch, Collector, ReplayBuffer, VectorReplayBuffer
from tianshou.env import DummyVectorEnv
from tianshou.trainer import OnPolicyTrainerParams
from tianshou.utils.net.common import MLP, Net
from tianshou.utils.net.continuous import ContinuousActorProbabilistic, ContinuousCritic
from tianshou.utils.net.discrete import DiscreteActor, DiscreteCritic
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal
from torch.nn.functional import one_hot

COPIES, STEPS, HIDDEN = 64, 2048, [64, 64]


class Gail(GAIL):
    """Tianshou's, for discrete actions as well."""

    def disc(self, batch: Batch) -> Tensor:
        observation, action = torch.as_tensor(batch.obs).float(), torch.as_tensor(batch.act)
        if action.ndim == 1:  # one of its choices, as a float too
            action = one_hot(action.long(), self.action_dim)
        return self.disc_net(torch.cat([observation, action.float()], dim=1))


def normal(parameters: tuple[Tensor, Tensor]) -> Distribution:
    return Independent(Normal(*parameters), 1)


def networks(env: gym.Env) -> tuple[ProbabilisticActorPolicy, nn.Module]:
    """Policy and critic."""
    shape = env.observation_space.shape
    nets = [Net(state_shape=shape, hidden_sizes=HIDDEN, activation=nn.Tanh) for _ in range(2)]
    if isinstance(env.action_space, gym.spaces.Discrete):
        actor = DiscreteActor(preprocess_net=nets[0], action_shape=env.action_space.n, softmax_output=False)
        policy = DiscreteActorPolicy(actor=actor, action_space=env.action_space, deterministic_eval=True)
        return policy, DiscreteCritic(preprocess_net=nets[1])
    actor = ContinuousActorProbabilistic(preprocess_net=nets[0], action_shape=env.action_space.shape, unbounded=True)
    nn.init.constant_(actor.sigma_param, -0.5)
    policy = ProbabilisticActorPolicy(
        actor=actor, dist_fn=normal, action_space=env.action_space, deterministic_eval=True
    )
    return policy, ContinuousCritic(preprocess_net=nets[1])


def learner(env: gym.Env, file: str) -> Gail:
    shown = np.load(file, allow_pickle=False)
    expert = ReplayBuffer(len(shown["action"]))
    for observation, action in zip(shown["observation"], shown["action"], strict=True):
        expert.add(Batch(obs=observation, act=action, rew=0.0, terminated=False, truncated=False, obs_next=observation))
    policy, critic = networks(env)
    actions = policy.actor.get_output_dim()
    return Gail(
        policy=policy,
        critic=critic,
        optim=AdamOptimizerFactory(lr=3e-4),
        expert_buffer=expert,
        disc_net=MLP(
            input_dim=shown["observation"].shape[1] + actions, output_dim=1, hidden_sizes=HIDDEN, activation=nn.Tanh
        ),
        disc_optim=AdamOptimizerFactory(lr=2.5e-5),
        disc_update_num=2,
        vf_coef=0.25,
        ent_coef=0.001,
        max_grad_norm=0.5,
        advantage_normalization=False,
        recompute_advantage=True,
        return_scaling=True,
    )


def main() -> None:
    file, name, seed, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    np.random.seed(seed)
    envs = DummyVectorEnv([lambda: gym.make(name) for _ in range(COPIES)])
    envs.seed(seed)
    gail = learner(gym.make(name), file)

    def act(observation: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return gail.policy.map_action(gail.policy.compute_action(observation))

    course = Course(name, act, seconds)
    training = OnPolicyTrainerParams(
        training_collector=Collector(gail, envs, VectorReplayBuffer(2 * STEPS, COPIES)),
        max_epochs=10**6,
        epoch_num_steps=30_000,
        collection_step_num_env_steps=STEPS,
        batch_size=64,
        update_step_num_repetitions=10,
        training_fn=lambda _, steps: course.after(steps),
    )
    try:
        gail.run_training(training)
    except Spent:
        return


if __name__ == "__main__":
    main()
