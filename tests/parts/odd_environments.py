"""What is no environment, and one whose episodes have no end."""

import gymnasium


def raising():
    raise ValueError("no licence")


def nothing():
    return None


def endless():
    return gymnasium.make("Pendulum-v1").unwrapped


gymnasium.register("Odd-v0", entry_point="gymnasium.envs.classic_control:CartPoleEnv", max_episode_steps=9)
gymnasium.register("Unlimited-v0", entry_point="gymnasium.envs.classic_control:PendulumEnv")
