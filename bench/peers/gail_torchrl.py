"""GAIL of TorchRL's parts, with the settings of its example (sota-implementations/gail), for bench/peers.py.

    python3 -m venv VENVS/torchrl && VENVS/torchrl/bin/pip install -r bench/peers/torchrl.txt
    VENVS/torchrl/bin/python bench/peers/gail_torchrl.py pairs.npz ENV SEED SECONDS

Discrete actions, which its example does not have, are one-hot vectors for the discriminator.
"""

import sys
import warnings

warnings.filterwarnings("ignore")

import numpy as np
import torch
from course import Course, Spent
from rate_torchrl import ppo
from tensordict import TensorDict, TensorDictBase
from tensordict.nn import TensorDictModule
from torch import Tensor, nn
from torch.nn.functional import one_hot
from torchrl.collectors import Collector
from torchrl.envs import EnvBase, ExplorationType, set_exploration_type
from torchrl.modules import MLP
from torchrl.objectives import GAILLoss
from torchrl_networks import environment

PPO = {"environments": 1, "rollout_steps": 2048, "epochs": 10, "minibatch": 64, "hidden": 64}
SHOWN = 256
"""pairs of either side in a step of the discriminator"""


def flat(env: EnvBase, action: Tensor) -> Tensor:
    """Actions as the discriminator sees them: [batch, A]."""
    spec = env.action_spec_unbatched
    return action if spec.dtype.is_floating_point else one_hot(action.long(), spec.space.n).float()


class Discriminator:
    """The probability that a pair is the expert's, its loss and optimiser."""

    def __init__(self, env: EnvBase, observation: Tensor, action: Tensor) -> None:
        self.env, self.observation, self.action = env, observation, flat(env, action)
        inputs = self.observation.shape[-1] + self.action.shape[-1]
        layers = [MLP(inputs, 1, num_cells=[128, 128], activation_class=nn.Tanh), nn.Sigmoid()]
        self.network = TensorDictModule(Joined(*layers), in_keys=["observation", "action"], out_keys=["d_logits"])
        self.loss = GAILLoss(self.network, use_grad_penalty=True, gp_lambda=10.0)
        self.adam = torch.optim.Adam(self.loss.parameters(), lr=3e-4)

    def learn(self, rollout: TensorDictBase) -> None:
        rows, drawn = rollout.reshape(-1)[:SHOWN], torch.randint(len(self.action), (SHOWN,))
        pairs = {"observation": self.observation[drawn], "action": self.action[drawn]}
        pairs |= {"collector_observation": rows["observation"], "collector_action": flat(self.env, rows["action"])}
        self.adam.zero_grad()
        self.loss(TensorDict(pairs, [SHOWN]))["loss"].backward()
        self.adam.step()

    @torch.no_grad()
    def reward(self, rollout: TensorDictBase) -> Tensor:
        expert = self.network(rollout["observation"], flat(self.env, rollout["action"]))
        return -torch.log(1 - expert + 1e-8)


class Joined(nn.Sequential):
    def forward(self, observation: Tensor, action: Tensor) -> Tensor:
        return super().forward(torch.cat([observation, action], dim=-1))


def main() -> None:
    file, name, seed, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    env, shown = environment(name, 1), np.load(file, allow_pickle=False)
    env.set_seed(seed)
    discriminator = Discriminator(env, torch.tensor(shown["observation"]), torch.tensor(shown["action"]))
    policy, learn = ppo(PPO, env, entropy_coeff=0.0, critic_coeff=0.25, normalize_advantage=True)

    @torch.no_grad()
    def act(observation: np.ndarray) -> np.ndarray:
        with set_exploration_type(ExplorationType.DETERMINISTIC):
            return policy(TensorDict({"observation": torch.tensor(observation).float()}))["action"].numpy()

    course, steps = Course(name, act, seconds), 0
    for rollout in Collector(env, policy, frames_per_batch=PPO["rollout_steps"], total_frames=-1):
        discriminator.learn(rollout)
        rollout["next", "reward"] = discriminator.reward(rollout)
        learn(rollout)
        steps += rollout.numel()
        try:
            course.after(steps)
        except Spent:
            return


if __name__ == "__main__":
    main()
