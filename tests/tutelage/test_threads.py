"""A node's process computes with one thread: a second one of numpy's BLAS waits busily and takes a core from others."""

import torch
from threadpoolctl import threadpool_info, threadpool_limits

from tutelage import launcher
from tutelage.supervision import run


def test_numpy_and_torch_compute_with_one_thread() -> None:
    with threadpool_limits(2):
        before = torch.get_num_threads()
        try:
            torch.set_num_threads(2)
            run.load(launcher.graph("dac.yaml", []))
            assert {pool["user_api"]: pool["num_threads"] for pool in threadpool_info()} == {"blas": 1, "openmp": 1}
            assert torch.get_num_threads() == 1
        finally:
            torch.set_num_threads(before)
