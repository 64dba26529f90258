"""The mathematics: arrays in, arrays out; no socket, file, clock or environment.

Gradients are written out; tests hold them against autograd. Off-policy learning alone (`sac` and all that is built on
it) needs torch.
"""
