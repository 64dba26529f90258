"""All tests compute the same on every processor: before numpy or torch is loaded, they are told to use one thread (sums
depend on how many there are) and only those instructions that every x86-64 processor has."""

import os

import pytest

os.environ |= {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "OPENBLAS_CORETYPE": "Nehalem",
}


os.environ.pop("XDG_RUNTIME_DIR", None)
"""Runs of tests are not among those of the user."""


def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` is: tests wait for processes, and for what shall not happen, more than they compute."""
    return max(2, (os.cpu_count() or 2) * 3 // 2)


@pytest.fixture(scope="session", autouse=True)
def state_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where the key that signs runs is kept: not in the home of whoever runs this."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))
