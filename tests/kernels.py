"""The same Python code under other kernels of the processor: what it prints is to be the same, to the last digit."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# NumPy has named its kernels by level since 2.4; a name that a version or processor does not know would be refused.
NUMPY = """
import numpy as np
from numpy._core import _multiarray_umath as core
print(" ".join(name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name)))
"""
OLD = {
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "OPENBLAS_CORETYPE": "Prescott",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA",
}
"""A processor of 2004: no AVX, no fused multiply-add."""
HASWELL = {"ATEN_CPU_CAPABILITY": "avx2", "OPENBLAS_CORETYPE": "Haswell"}
"""One of 2013, with AVX2."""


def printed(code: str, **variables: str) -> str:
    """What the code prints in an interpreter of its own."""
    chosen = {*OLD, "NPY_DISABLE_CPU_FEATURES", "OPENBLAS_NUM_THREADS"}  # by whoever runs the tests
    own = {name: value for name, value in os.environ.items() if name not in chosen}
    environment = {**own, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **variables}
    done = subprocess.run(
        [sys.executable, "-W", "ignore::ImportWarning", "-c", code],
        env=environment, capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def by_kernels(code: str) -> dict[str, str]:
    """What the code prints with this processor's kernels, with those of two older ones, and with two threads."""
    known = printed(NUMPY).split()
    newest = [name for name in known if "512" in name or "V4" in name]
    return {
        "this": printed(code),
        "old": printed(code, **OLD, NPY_DISABLE_CPU_FEATURES=" ".join(known)),
        "Haswell": printed(code, **HASWELL, NPY_DISABLE_CPU_FEATURES=" ".join(newest)),
        "two threads": printed(code, OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2"),
    }
