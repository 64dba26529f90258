"""What is made of what happens: scores, weights and measurements."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from tutelage.message import Message


class Score(Message, cadence="rollout"):
    """discriminator | rewarder -> learner: what the steps of this rollout are worth, said when all of them are known.

    `absorbing_reward` counts where a step terminated its episode: the reward of each step that the episode would go on
    being over (absorbing states, Kostrikov et al. 2019, arXiv 1809.02925). `enough` says that there is nothing more to
    learn from the discriminator: it is at chance.
    """

    reward: Annotated[NDArray[np.float32], "steps envs"]
    absorbing_reward: Annotated[NDArray[np.float32], "steps envs"]
    enough: bool


class RewardModel(Message, cadence="rollout"):
    """discriminator -> off-policy learner: by which rewards are computed from now on, said after learning from this
    rollout.

    A replay buffer outlives many discriminators: who samples from it rewards each batch anew.
    """

    tensors: Annotated[NDArray[np.uint8], "bytes", "safetensors file, observation scaling included"]


class Weights(Message, cadence="rollout"):
    """learner -> policy, evaluator: the weights with which this rollout is to be collected.

    Version v has been trained on v rollouts. With lag L rollout k uses version max(0, k - L). `stop` says that this
    rollout will not be collected any more; `final` that these are the weights the run ends with.
    """

    policy_version: int
    tensors: Annotated[NDArray[np.uint8], "bytes", "safetensors file, observation normaliser included"]
    environment_steps: int
    stop: bool
    final: bool


class Enough(Message, cadence="free"):
    """evaluator -> learner: the policy is good enough by its evaluated return; end with the rollouts under way."""

    return_mean: float


class Metrics(Message, cadence="free"):
    """any node -> those who look on: measurements, under the names that Stable-Baselines3 uses where it has one."""

    values: dict[str, float]


class Evaluation(Message, cadence="free"):
    """evaluator -> those who look on: returns of a policy in environments of its own. Nobody learns from them.

    `greedy` and `sampled` are the returns of whole episodes with the most likely and with sampled actions; none of the
    latter while the run goes on.
    """

    policy_version: int
    environment_steps: int
    greedy: Annotated[NDArray[np.float64], "episodes"]
    sampled: Annotated[NDArray[np.float64], "episodes"]
    final: bool
