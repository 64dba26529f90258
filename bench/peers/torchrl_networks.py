"""Environments and networks of TorchRL, as its own examples make them; for rate_torchrl.py and gail_torchrl.py."""

import gymnasium as gym
from tensordict.nn import TensorDictModule
from torch import nn
from torch.distributions import Categorical
from torchrl.envs import DoubleToFloat, EnvBase, GymWrapper, TransformedEnv
from torchrl.modules import MLP, NormalParamExtractor, ProbabilisticActor, TanhNormal, ValueOperator


def environment(name: str, copies: int) -> EnvBase:
    """Copies that step together; gymnasium's own vector environment is several times as fast as TorchRL's."""
    restarts = {"autoreset_mode": gym.vector.AutoresetMode.DISABLED}  # TorchRL restarts them itself
    copied = gym.make_vec(name, copies, vectorization_mode="sync", vector_kwargs=restarts)
    return TransformedEnv(GymWrapper(copied, categorical_action_encoding=True), DoubleToFloat())


def actor(env: EnvBase, hidden: int, activation: type[nn.Module]) -> ProbabilisticActor:
    """Categorical for discrete actions, else normal and squashed by tanh into the bounds."""
    spec = env.action_spec_unbatched
    observations = env.observation_spec_unbatched["observation"].shape[-1]
    discrete = not spec.dtype.is_floating_point
    out = spec.space.n if discrete else 2 * spec.shape[-1]
    layers = [MLP(observations, out, num_cells=2 * [hidden], activation_class=activation)]
    layers += [] if discrete else [NormalParamExtractor()]
    keys = ["logits"] if discrete else ["loc", "scale"]
    bounds = {} if discrete else {"low": spec.space.low, "high": spec.space.high}
    return ProbabilisticActor(
        TensorDictModule(nn.Sequential(*layers), in_keys=["observation"], out_keys=keys),
        in_keys=keys,
        spec=spec,
        safe=False,
        distribution_class=Categorical if discrete else TanhNormal,
        distribution_kwargs=bounds,
        return_log_prob=True,
    )


def value(env: EnvBase, hidden: int, activation: type[nn.Module]) -> ValueOperator:
    observations = env.observation_spec_unbatched["observation"].shape[-1]
    network = MLP(observations, 1, num_cells=2 * [hidden], activation_class=activation)
    return ValueOperator(network, in_keys=["observation"])


def action_value(env: EnvBase, hidden: int) -> ValueOperator:
    inputs = env.observation_spec_unbatched["observation"].shape[-1] + env.action_spec_unbatched.shape[-1]
    network = MLP(inputs, 1, num_cells=2 * [hidden], activation_class=nn.ReLU)
    return ValueOperator(network, in_keys=["observation", "action"])
