"""The mathematics: arrays and tensors in, arrays and tensors out; no socket, file, clock or environment.

`draws`, `acting`, `rollout`, `returns`, `normaliser` and `pairs` need numpy alone, so a robot's computer can act
without torch; `networks`, `adam`, `distributions`, `rewards`, `ppo`, `gail` and `bc` need torch.
"""
