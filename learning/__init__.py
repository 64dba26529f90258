"""The mathematics: arrays and tensors in, arrays and tensors out; no socket, file, clock or environment.

`draws`, `acting`, `rollout`, `ring`, `replay`, `budget`, `schedule`, `returns`, `normaliser`, `pairs` and
`state_reward` need numpy alone, so a robot's computer can act without torch. All others need torch.
"""
