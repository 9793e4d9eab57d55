"""Which kernels a process really uses under an environment: asked of the libraries, and seen in the last bits of results.

`python -m reproductions.same.kernels THREADS` prints what it finds in its own process as one line of JSON; MKL and oneDNN tell
theirs in lines of their own, when asked to be verbose. Different last bits prove that different kernels ran; equal ones prove nothing.
"""

import hashlib
import json
import math
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from acdc.errors import InfrastructureError

_UNKNOWN = "not told"


@dataclass(frozen=True)
class Kernels:
    """What a process computes with.

    Attributes:
        torch: Instruction set of torch's own kernels.
        mkl: Its mode of reproducible results (CNR), which decides its kernels.
        onednn: Instruction set.
        openblas: Type of processor that NumPy's OpenBLAS takes this one for.
        numpy: Instruction sets beyond the baseline that NumPy uses, joined by spaces.
        threads: Of torch.
        bits: Digest of some results, by what was computed.
    """

    torch: str
    mkl: str
    onednn: str
    openblas: str
    numpy: str
    threads: int
    bits: dict[str, str]

    def differ(self, other: "Kernels") -> list[str]:
        """Names of the computations whose results have other last bits."""
        return [name for name, digest in self.bits.items() if other.bits.get(name) != digest]

    def __str__(self) -> str:
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        return (
            f"torch {self.torch}, MKL {self.mkl}, oneDNN {self.onednn}, OpenBLAS {self.openblas}, "
            f"NumPy {self.numpy}, {threads}"
        )


def kernels(environment: Mapping[str, str], threads: int) -> Kernels:
    """What a process of this environment uses.

    Args:
        environment: All its variables.
        threads: That its engine is told to use.

    Raises:
        InfrastructureError: It could not compute at all.
    """
    command = [sys.executable, "-m", "reproductions.same.kernels", str(threads)]
    verbose = {**environment, "MKL_VERBOSE": "1", "ONEDNN_VERBOSE": "1"}
    done = subprocess.run(command, env=verbose, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise InfrastructureError(f"under these settings nothing can be computed: {last}")
    return told(done.stdout)


def told(output: str) -> Kernels:
    """What a process printed, as kernels; what a library did not say is "not told"."""
    found = json.loads(output.strip().splitlines()[-1])
    return Kernels(
        mkl=_first(r"MKL_VERBOSE \w+\(.* CNR:(\S+)", output),
        onednn=_first(r"onednn_verbose\S*,cpu,isa:(.+)", output),
        **found,
    )


def _first(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match[1].strip() if match else _UNKNOWN


def _openblas() -> str:
    """The core type of NumPy's own OpenBLAS; scipy brings another one."""
    from pathlib import Path

    import numpy as np
    from threadpoolctl import threadpool_info

    home = Path(np.__file__).parent.parent / "numpy.libs"
    for library in threadpool_info():
        if library["internal_api"] == "openblas" and Path(library["filepath"]).parent == home:
            return str(library["architecture"])
    return _UNKNOWN


def _numpy() -> str:
    import numpy as np

    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return " ".join(found) or "baseline"


def _bits() -> dict[str, str]:
    import numpy as np
    import torch

    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal(shape, dtype=np.float32) for shape in ((64, 96), (96, 260)))
    small, square = torch.from_numpy(left), torch.from_numpy(right)[:, :96].contiguous()
    wide = rng.standard_normal((128, 96))
    torch.softmax(small.to_mkldnn(), -1)  # has oneDNN say what it is
    results = {
        "products": small @ torch.from_numpy(right),
        "softmax": torch.softmax(small, -1),
        "normalization": torch.nn.functional.rms_norm(small, (96,)),
        "SVD": torch.linalg.svd(square)[1],
        "long sums": torch.from_numpy(rng.standard_normal(300_000, dtype=np.float32)).sum(),
        "NumPy products": wide @ wide.T,
        "NumPy functions": np.log(np.exp(wide)),
        "NumPy sums": left.sum(axis=1),
        "Python functions": [math.exp(value) + math.log(1 + abs(value)) for value in wide.ravel()],
    }
    return {
        name: hashlib.blake2b(np.asarray(value).tobytes(), digest_size=8).hexdigest()
        for name, value in results.items()
    }


def _main() -> None:
    import torch

    torch.set_num_threads(int(sys.argv[1]))
    found = {
        "torch": torch.backends.cpu.get_cpu_capability(),
        "openblas": _openblas(),
        "numpy": _numpy(),
        "threads": torch.get_num_threads(),
        "bits": _bits(),
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    _main()
