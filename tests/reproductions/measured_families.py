"""Comparisons of the paper's families, made up: numbers that can be told apart, under the names that a measurement gives them."""

import json
from pathlib import Path
from typing import Any

from acdc.storage.layout import Layout
from reproductions.load import comparison_file
from tests.reproductions.world import comparison

OURS = (
    "gsm8k_llama",
    "minerva_math",
    "humaneval_instruct",
    "mbpp_instruct",
    "mmlu_judge",
    "mmlu_pro_judge",
    "gpqa_judge",
    "bbh_judge",
)


def method(id: str, name: str, shift: float, sizes: tuple[int, ...] = (3, 8)) -> dict[str, Any]:
    """Coverage of a method: the shift, a hundredth more for each benchmark, a tenth more at N = 8."""
    points = []
    for n in sizes:
        values = {b: shift + 0.01 * place + (0.1 if n == 8 else 0.0) for place, b in enumerate(OURS)}
        mean = sum(values.values()) / len(values)
        points.append(
            {
                "n": n,
                "coverage": {"mean": mean, "low": mean, "high": mean},
                "benchmarks": values,
                "runs": [mean],
                "models": n,
                "parameters": None,
                "tokens": 1.0,
                "flops": None,
            }
        )
    return {"id": id, "name": name, "group": "ours", "coverage": points}


METHODS = [
    method("acdc/coverage", "Task force (acdc)", 0.50),
    method("acdc/fitness", "Task force (acdc), chosen by fitness", 0.45),
    method("acdc/random", "Task force (acdc), chosen at random", 0.40),
    method("no_dns/coverage", "Task force (no_dns)", 0.47),
    method("static_tasks/coverage", "Task force (static_tasks)", 0.44),
    method("control-07", "Control, general × N, T = 0.7", 0.46),
    method("experts", "Experts: general, code, math", 0.42),
    method("big", "Big model, once, greedy", 0.55, (1,)),
]


def write(root: Path, family: str, methods: list[dict[str, Any]] = METHODS) -> Layout:
    """A project with a comparison of a family."""
    whole = comparison().model_dump()
    changes = {"family": family, "methods": methods, "benchmarks": dict.fromkeys(OURS, 100), "runs": [0]}
    path = comparison_file(Layout(root), family)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**whole, **changes}), encoding="utf-8")
    return Layout(root)
