"""`acdc coverage` on what the stock `lm_eval` command wrote: its own model class, its own task manager, its own files."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.evals.cli.test_coverage_command import invoke, report

WRITTEN = """
task: written
dataset_path: json
dataset_kwargs: {{data_files: {{test: "{data}"}}}}
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{answer}}}}"
generation_kwargs: {{until: ["\\n"], do_sample: false, max_gen_toks: 6}}
filter_list:
  - {{name: whole, filter: [{{function: take_first}}]}}
  - {{name: first_letter, filter: [{{function: regex, regex_pattern: "([a-z])"}}, {{function: take_first}}]}}
metric_list: [{{metric: exact_match, aggregation: mean, higher_is_better: true}}]
"""
CHOSEN = """
task: chosen
dataset_path: json
dataset_kwargs: {{data_files: {{test: "{data}"}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{question}}}}"
doc_to_target: "{{{{right}}}}"
doc_to_choice: ["yes", "no"]
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
"""


def measured(model: Path, tasks: Path, out: Path) -> None:
    """The command as anybody runs it."""
    command = [
        sys.executable,
        "-m",
        "lm_eval",
        "--model",
        "hf",
        "--model_args",
        f"pretrained={model},dtype=float32",
    ]
    command += [
        "--tasks",
        "written,chosen",
        "--include_path",
        str(tasks),
        "--device",
        "cpu",
        "--batch_size",
        "8",
    ]
    command += ["--log_samples", "--output_path", str(out)]
    quiet = {"HF_HOME": str(out.parent / "hf"), "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
    done = subprocess.run(command, env=os.environ | quiet, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def logs(save_tiny_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip(
        "accelerate", reason="lm_eval's own model class needs accelerate: pip install '.[merge]'"
    )
    root = tmp_path_factory.mktemp("stock")
    (root / "tasks").mkdir()
    rows = [{"question": f"Is {n} even?", "answer": "yn"[n % 2], "right": n % 2} for n in range(12)]
    (root / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, text in (("written", WRITTEN), ("chosen", CHOSEN)):
        (root / "tasks" / f"{name}.yaml").write_text(text.format(data=root / "rows.jsonl"))
    for seed, name in enumerate("ab"):
        measured(save_tiny_model(root / "models" / name, seed), root / "tasks", root / "logs" / name)
    return root / "logs"


def right(logs: Path, name: str, task: str, metric: str) -> list[float]:
    file = next((logs / name).rglob(f"samples_{task}_*.jsonl"))
    records = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    return [record[metric] for record in sorted(records, key=lambda record: record["doc_id"])]


@pytest.mark.slow
def test_coverage_of_stock_logs_is_what_their_records_say(logs: Path) -> None:
    made = report("--samples", logs / "a", logs / "b", "--task", "chosen")
    a, b = (right(logs, name, "chosen", "acc") for name in "ab")
    both = [max(pair) for pair in zip(a, b, strict=True)]
    assert made["benchmarks"]["chosen"]["questions"] == 12
    assert made["benchmarks"]["chosen"]["same_prompts"]
    assert [row["these"]["mean"] for row in made["coverage"]] == pytest.approx([sum(a) / 12, sum(both) / 12])
    assert made["coverage"][0]["any"]["mean"] == pytest.approx((sum(a) + sum(b)) / 24)
    for row in made["coverage"]:
        assert row["any"]["low"] <= row["any"]["mean"] <= row["any"]["high"]
    alone = [row["alone"] for row in made["contributions"]]
    assert alone == pytest.approx([sum(a) / 12, sum(b) / 12])
    assert sum(row["shapley"] for row in made["contributions"]) == pytest.approx(sum(both) / 12)
    assert made["best_of_n"]["random"]["mean"] == pytest.approx((sum(a) + sum(b)) / 24)
    assert made["cut_off"] is None  # the stock command does not say how answers ended


@pytest.mark.slow
def test_two_stock_runs_are_compared_question_by_question(logs: Path) -> None:
    made: dict[str, Any] = report("--samples", logs / "a", "--baseline", logs / "b", "--task", "chosen")
    a, b = (right(logs, name, "chosen", "acc") for name in "ab")
    compared = made["comparison"]
    assert compared["everybody"]["difference"]["mean"] == pytest.approx((sum(a) - sum(b)) / 12)
    assert 0 < compared["everybody"]["mcnemar"] <= 1
    assert [row["n"] for row in compared["same_n"]] == [1]


@pytest.mark.slow
def test_all_tasks_and_filters_of_stock_logs_are_there(logs: Path) -> None:
    made = report("--samples", logs / "a", logs / "b")
    assert sorted(made["benchmarks"]) == ["chosen", "written"]
    assert made["benchmarks"]["written"]["filter"] == "whole"
    assert made["benchmarks"]["written"]["also_there"] == ["first_letter/exact_match"]
    other = report("--samples", logs / "a", logs / "b", "--task", "written", "--filter", "first_letter")
    assert other["benchmarks"]["written"]["filter"] == "first_letter"
    text = invoke("--samples", logs / "a", logs / "b").output
    assert "answers cut off: not known" in text
    assert "one answer by majority" in text
