"""One thread for BLAS and torch, before either is loaded: sums, and so all results, depend on the number of threads."""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
