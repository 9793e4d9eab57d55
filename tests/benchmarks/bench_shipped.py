"""Are the shipped weights what their recipe makes? Trains the family again and compares skill rates (five CPU minutes).

    python tests/benchmarks/bench_shipped.py            # with this processor's kernels
    python tests/benchmarks/bench_shipped.py generic    # with generic kernels, whose last bits differ

Weights that were trained with other last bits are other models of the same kind. Stated tolerances, on 600 reserved questions a model:
the mean accuracy of a model may differ by `MEAN`, that of one skill (50 questions) by `SKILL`.
"""

import functools
import json
import os
import sys
import tempfile
import time
from pathlib import Path

MEAN = 0.06
SKILL = 0.36
GENERIC = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE", "ONEDNN_MAX_CPU_ISA": "SSE41"}


def compare(trained: Path) -> bool:
    """Print both rates of every model; whether all lie within the tolerances."""
    from acdc.tiny.shipped import FOLDER

    old = json.loads((FOLDER / "family.json").read_text())["models"]
    new = json.loads((trained / "family.json").read_text())["models"]
    sound = True
    print(f"{'model':12} {'shipped':>8} {'again':>8} {'largest difference of a skill':>30}  weights")
    for name, record in old.items():
        mean = abs(record["id_accuracy_mean"] - new[name]["id_accuracy_mean"])
        rates = {
            skill: abs(rate - new[name]["id_accuracy"][skill])
            for skill, rate in record["id_accuracy"].items()
        }
        worst = max(rates, key=lambda skill: rates[skill])
        within = mean <= MEAN and rates[worst] <= SKILL
        same = record["weights_hash"] == new[name]["weights_hash"]
        print(
            f"{name:12} {record['id_accuracy_mean']:8.3f} {new[name]['id_accuracy_mean']:8.3f} "
            f"{f'{rates[worst]:.2f} ({worst})':>30}  {'equal bytes' if same else 'other bits'}{'' if within else '  OUTSIDE'}"
        )
        sound &= within
    return sound


def main() -> int:
    if sys.argv[1:] == ["generic"] and os.environ.get("ATEN_CPU_CAPABILITY") != "default":
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **GENERIC})
    from acdc.families.prepare import in_workers
    from acdc.tiny.family import train_family
    from acdc.tiny.settings import TinySettings

    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        train_family(
            TinySettings(origin="scratch"),
            Path(folder) / "tiny",
            train=functools.partial(in_workers, 2),
        )
        print(f"trained in {time.monotonic() - began:.0f} s; tolerances: mean {MEAN}, one skill {SKILL}")
        return 0 if compare(Path(folder) / "tiny") else 1


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
