"""The mathematics: arrays in, arrays out; no socket, file, clock or environment.

Gradients are written out; tests hold them against autograd. Networks with tanh (GAIL, PPO, behaviour cloning) need
numpy alone. Off-policy learning (`sac` and all that is built on it) and AIRL's `likelihood` need torch.
"""
