"""What nodes learn from experience: scores, weights and measurements."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from tutelage.message import Message


class Score(Message, cadence="rollout"):
    """discriminator | rewarder -> learner: the rewards of this rollout's steps, published when the rollout is complete.

    `absorbing_reward` applies where a step terminated its episode: the reward of each further step in the absorbing
    state (Kostrikov et al. 2019, arXiv 1809.02925). `enough`: the discriminator is at chance and has no more to teach.
    """

    reward: Annotated[NDArray[np.float32], "steps envs"]
    absorbing_reward: Annotated[NDArray[np.float32], "steps envs"]
    enough: bool


class RewardModel(Message, cadence="rollout"):
    """discriminator | IQ learner -> off-policy learner, reward report: the weights that compute rewards from now on.

    They are published after the discriminator's steps of this rollout; in `dac.yaml` these learn from earlier rollouts
    alone, unless this is the first (`learning.gail`). A replay buffer outlives many discriminators, so the learner
    computes the rewards of each batch anew.
    """

    tensors: Annotated[NDArray[np.uint8], "bytes", "safetensors file, observation scaling included"]


class Weights(Message, cadence="rollout"):
    """learner -> policy, evaluator: the weights that collect this rollout.

    Version v has been trained on v rollouts. With lag L rollout k uses version max(0, k - L). `stop`: this rollout will
    not be collected; `final`: these are the run's final weights.
    """

    policy_version: int
    tensors: Annotated[NDArray[np.uint8], "bytes", "safetensors file, observation normaliser included"]
    environment_steps: int
    stop: bool
    final: bool


class Gradient(Message, cadence="step"):
    """learner -> other learners: the gradient of its rows of a minibatch, one of those that follow this rollout.

    `step` is the minibatch's number. `losses` are of these rows. Those of all learners add up to the minibatch's.
    """

    gradient: Annotated[NDArray[np.float32], "parameters"]
    losses: Annotated[NDArray[np.float32], "losses"]


class Enough(Message, cadence="free"):
    """evaluator -> learner: the policy's evaluated return is high enough; end after the rollouts under way."""

    return_mean: float


class Metrics(Message, cadence="free"):
    """any node -> observers: measurements, by Stable-Baselines3's names where it has them."""

    values: dict[str, float]


class Evaluation(Message, cadence="free"):
    """evaluator -> observers: returns of a policy in separate environments. No node learns from them.

    `greedy` and `sampled` are the returns of whole episodes with the most likely and with sampled actions; `sampled` is
    empty before the final evaluation.
    """

    policy_version: int
    environment_steps: int
    greedy: Annotated[NDArray[np.float64], "episodes"]
    sampled: Annotated[NDArray[np.float64], "episodes"]
    final: bool
