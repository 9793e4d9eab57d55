"""MATH is asked and judged as lm-eval's minerva_math does it."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from acdc.errors import InputError
from evals.answering.group_benchmark_run import open_benchmark_run
from evals.benchmarks import registry
from evals.benchmarks.local_data import upstream
from evals.benchmarks.paper.math_answers import record, shown

RECORD = {
    "problem": "What is $1+1$?",
    "level": "Level 1",
    "type": "Prealgebra",
    "solution": "It is $\\boxed{2}$.",
}


def benchmark_run(folder: Path, *rows: dict[str, Any]) -> Any:
    path = folder / "test.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (found,) = registry.find("paper", ["minerva_math"], seed=0, questions=1, data={"math": path})
    return open_benchmark_run(found, lambda user, system: user, "plain")


def upstreams(name: str) -> Any:
    """A function of lm-eval's module, without the imports that it insists on."""
    tree = ast.parse((upstream() / "minerva_math" / "utils.py").read_text("utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    place: dict[str, Any] = {}
    exec(compile(ast.Module(found, []), "utils.py", "exec"), place)
    return place[name]


def test_the_prompt_is_upstreams_with_its_four_examples(tmp_path: Path) -> None:
    (question,) = benchmark_run(tmp_path, RECORD).questions
    shots = upstreams("list_fewshot_samples")()
    asked = upstreams("doc_to_text")
    shown_first = [f"{asked(shot)} {shot['solution']}\n\n" for shot in shots]
    assert len(shots) == 4
    assert question.prompt == "".join(shown_first) + asked(RECORD)


def test_the_budget_is_the_published_one_and_the_next_problem_ends_an_answer(tmp_path: Path) -> None:
    sampling = benchmark_run(tmp_path, RECORD).sampling(0.0, 1.0)
    assert (sampling.max_new_tokens, sampling.stop) == (2048, ("Problem:",))


def test_a_solution_without_an_answer_is_refused_with_its_record() -> None:
    with pytest.raises(InputError, match="record 7: its solution holds no answer"):
        record(RECORD | {"id": "7", "solution": "It is left to the reader."})


@pytest.mark.parametrize("end", ["\\boxed{2}", "$\\boxed{2}$.", "\ud800 2", "\0 2"])
def test_ten_megabytes_are_read_from_their_end(end: str) -> None:
    assert shown("words, " * 1_500_000 + end).rstrip(".") == "2"
