"""The mathematics: arrays and tensors in, arrays and tensors out; no socket, file, clock or environment.

`draws`, `acting`, `rollout`, `returns` and `normaliser` need numpy alone, so a robot's computer can act
without torch; `networks`, `adam`, `distributions`, `rewards`, `ppo` and `gail` need torch.
"""
