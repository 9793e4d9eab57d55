"""A project whose family was measured: results, task forces and the comparison made from them, small enough to count by hand."""

import json
from pathlib import Path
from typing import Any

import yaml

from acdc.config.config import load
from acdc.storage.layout import Layout
from evals.comparison.build import compare
from evals.comparison.evidence import evidence_of
from evals.settings import StatisticsSettings, comparison_settings
from reproductions.load import comparison_file
from tests.evals.comparison.test_build import write

PARAMS = Path(__file__).parents[2] / "params.yaml"
BENCHMARKS = ("tiny_colon", "tiny_capital")
# What each model solves of four questions a benchmark.
SOLVED = {"a": ("1100", "1000"), "b": ("0010", "0110"), "c": ("1000", "1000")}
DRAWS = {0: ("1000", "0000"), 1: ("1100", "0100"), 2: ("0000", "0000")}
CONTROL = {
    "name": "Control",
    "group": "control",
    "picks": {n: [{"models": ["g"], "temperature": 0.7, "k": n}] for n in (1, 2)},
}


def make(root: Path, source: str = "shipped") -> Path:
    """Write the project below ``root``; its comparison's file.

    Args:
        root: An empty directory.
        source: Where its models are said to come from: shipped or scratch.
    """
    data = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
    data["selected"] = {"families": ["tiny"], "variants": ["acdc"], "seeds": [0, 1]}
    data["evaluation"] |= {"benchmarks": list(BENCHMARKS), "max_n": 2}
    data["comparison"] = {"claim_sizes": [2]}
    data["report"] = {"headline_sizes": [2]}
    (root / "params.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    layout = Layout(root)
    for place, name in enumerate(BENCHMARKS):
        for seed in (0, 1):
            rows = {(model, 0.0, 0): solved[place] for model, solved in SOLVED.items()}
            write(layout.results("tiny", "acdc") / f"seed-{seed}", name, rows)
        draws = {("g", 0.7, draw): solved[place] for draw, solved in DRAWS.items()}
        write(layout.results("tiny", "baselines"), name, draws)
    rivals = {"methods": [CONTROL], "parameters": {"base": 100}, "guesses": []}
    (layout.results("tiny", "baselines") / "baselines.json").write_text(json.dumps(rivals))
    for seed in (0, 1):
        force: dict[str, Any] = {
            "family": "tiny",
            "variant": "acdc",
            "seed": seed,
            "archive": ["a", "b", "c"],
        }
        force |= {"forces": {"coverage": ["a", "b"]}, "candidates": []}
        path = layout.taskforce("tiny", "acdc", seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(force))
    layout.models("tiny").mkdir(parents=True)
    layout.family_file("tiny").write_text(json.dumps({"name": "tiny", "from": source}))
    return measure(root)


def measure(root: Path) -> Path:
    """Compare what lies below ``root`` anew, as `acdc compare` does; the comparison's file."""
    config, layout = load(root / "params.yaml"), Layout(root)
    evidence = evidence_of(config, layout, "tiny")
    made = compare(evidence, comparison_settings(config), StatisticsSettings(resamples=1000))
    path = comparison_file(layout, "tiny")
    path.parent.mkdir(exist_ok=True)
    path.write_text(made.model_dump_json())
    return path


def flip(root: Path, benchmark: str, draw: int, question: int) -> None:
    """Turn one answer of the control into its contrary."""
    path = Layout(root).results("tiny", "baselines") / benchmark / "correctness.json"
    document = json.loads(path.read_text())
    row = [it["draw"] for it in document["answerers"]].index(draw)
    cells = document["correct"][row]
    document["correct"][row] = cells[:question] + "10"[int(cells[question])] + cells[question + 1 :]
    path.write_text(json.dumps(document))
