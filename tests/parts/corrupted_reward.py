"""CartPole whose reward is nonsense: an imitation learner must not notice."""

import gymnasium


class Corrupted(gymnasium.RewardWrapper):
    def reward(self, reward):
        return 1e6 - 3 * float(reward) * self.np_random.random()
