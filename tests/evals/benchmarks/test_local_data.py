"""Published benchmarks from local records: what is asked, what is refused, and which programs pass."""

import ast
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acdc.errors import InputError
from acdc.sandbox import Job, Sandbox, SandboxSettings
from evals.answering.group_benchmark_run import GroupBenchmarkRun, open_benchmark_run
from evals.benchmarks import registry
from evals.benchmarks.local_data import read_records
from evals.benchmarks.paper import programs, replies

SHARED = Path(__file__).parents[3].parent / "shared" / "benchmarks"
GSM8K = {"question": "How many?", "answer": "#### 1"}

needs_records = pytest.mark.skipif(
    not SHARED.is_dir(),
    reason="real records of the benchmarks lie in ../shared/benchmarks, which is not here",
)


def plain(user: str, system: str) -> str:
    return f"<{user}>"


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def found(name: str, **data: Path) -> registry.Benchmark:
    return registry.find("paper", [name], seed=0, questions=1, data=data)[0]


def small_engine(directory: Path) -> Any:
    from acdc.engines.hf import TransformersEngine

    return TransformersEngine(directory, rows=8, widths=(32, 64))


def mmlu_pro(number: int, category: str) -> dict[str, Any]:
    return {
        "question_id": number,
        "question": f"Question {number} of {category}?",
        "options": ["yes", "no"],
        "answer": "A",
        "answer_index": 0,
        "cot_content": f"A: Let's think step by step. Thought {number}. The answer is (A).",
        "category": category,
    }


def test_upstreams_definition_is_used_with_local_records(tmp_path: Path) -> None:
    benchmark_run = open_benchmark_run(
        found("gsm8k_llama", gsm8k=write(tmp_path / "g.jsonl", GSM8K)), plain, "plain"
    )
    (question,) = benchmark_run.questions
    assert (
        question.prompt.count("Given the following problem, reason") == 9
    )  # eight examples and the question
    assert "Problem: How many?" in question.prompt
    assert benchmark_run.sampling(0.0, 1.0).max_new_tokens == 2048  # published; the task's own is 1024


def test_examples_are_of_the_questions_own_subject(tmp_path: Path) -> None:
    questions = [mmlu_pro(100, "law"), mmlu_pro(101, "computer science"), mmlu_pro(102, "law")]
    pool = [mmlu_pro(n, "law" if n % 2 else "computer science") for n in range(10)]
    write(tmp_path / "validation.jsonl", *pool)
    benchmark_run = open_benchmark_run(
        found("mmlu_pro_llama", mmlu_pro=write(tmp_path / "t.jsonl", *questions)), plain, "plain"
    )
    assert isinstance(benchmark_run, GroupBenchmarkRun)
    prompts = {question.id: question.prompt for question in benchmark_run.questions}
    assert list(prompts) == ["100", "102", "101"]
    assert all(f"Thought {n}." in prompts["100"] for n in (1, 3, 5, 7, 9))
    assert "Question 0 of" not in prompts["100"]
    assert "The best answer is A." in prompts["101"]
    records = benchmark_run.grade([None, None, None])
    assert [record["doc_id"] for record in records] == [0, 1, 2]
    assert [record["question_id"] for record in records] == ["100", "102", "101"]


def test_parquet_and_json_lines_are_the_same_questions(tmp_path: Path) -> None:
    import pandas as pd

    rows = [{"question": f"{n}?", "answer": f"#### {n}"} for n in range(3)]
    pd.DataFrame(rows).to_parquet(tmp_path / "g.parquet")
    both = [tmp_path / "g.parquet", write(tmp_path / "g.jsonl", *rows)]
    prompts = [
        open_benchmark_run(found("gsm8k_llama", gsm8k=path), plain, "plain").questions for path in both
    ]
    assert prompts[0] == prompts[1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"question": "?"}\n', "record 1: no field 'answer'"),
        (b"", "holds no questions"),
        (b'{"question": "\xff"}\n', "UTF-8"),
        (b"[1]\n", "expected a JSON object"),
        (b"{\n", "can't be read"),
    ],
)
def test_faulty_records_are_refused_and_named(content: bytes, said: str, tmp_path: Path) -> None:
    (path := tmp_path / "g.jsonl").write_bytes(content)
    with pytest.raises(InputError, match=said) as error:
        read_records(path, ("question", "answer"))
    assert "g.jsonl" in str(error.value)


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (path := tmp_path / "g.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match="Parquet"):
        read_records(path, ())


def test_two_records_with_one_id_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "validation.jsonl", mmlu_pro(0, "law"))
    path = write(tmp_path / "t.jsonl", mmlu_pro(7, "law"), mmlu_pro(7, "law"))
    with pytest.raises(InputError, match="records 1 and 2: both have question_id 7"):
        open_benchmark_run(found("mmlu_pro_llama", mmlu_pro=path), plain, "plain")


def test_a_missing_pool_of_examples_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", mmlu_pro(7, "law"))
    with pytest.raises(InputError, match=r"validation\.jsonl"):
        open_benchmark_run(found("mmlu_pro_llama", mmlu_pro=path), plain, "plain")


def test_a_subject_that_upstream_does_not_have_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", mmlu_pro(7, "astrology"))
    with pytest.raises(InputError, match="category 'astrology'"):
        open_benchmark_run(found("mmlu_pro_llama", mmlu_pro=path), plain, "plain")


def test_a_benchmark_that_needs_a_file_says_which_setting_names_it() -> None:
    with pytest.raises(InputError, match=r"evaluation\.data\.humaneval"):
        found("humaneval_instruct")


@pytest.fixture(scope="module")
def box() -> Any:
    with Sandbox.open(SandboxSettings()) as made:
        yield made


def shared_records(name: str) -> list[dict[str, Any]]:
    return read_records(SHARED / name / "dev.jsonl", ())


def solution(name: str, record: dict[str, Any]) -> str:
    return str(record["canonical_solution" if name == "humaneval" else "code"])


def jobs(name: str, answers: list[tuple[dict[str, Any], str]]) -> list[Job]:
    prepared = {"humaneval": (programs.humaneval, replies.humaneval), "mbpp": (programs.mbpp, replies.mbpp)}
    prepare, extract = prepared[name]
    return [
        Job(prepare(record)["source"], "1", extract([[reply]], [record])[0][0]) for record, reply in answers
    ]


class Spoiled(ast.NodeTransformer):
    """Makes every `return` of a value return something that no test of a function expects."""

    def visit_Return(self, node: ast.Return) -> ast.Return:
        value = node.value or ast.Constant(None)
        return ast.Return(ast.Tuple([value, ast.Constant("mutated")], ast.Load()))


def mutated(name: str, record: dict[str, Any]) -> str:
    head = record["prompt"] if name == "humaneval" else ""
    tree = Spoiled().visit(replies.parsed(head + solution(name, record).replace("\r\n", "\n")))
    return f"```python\n{ast.unparse(ast.fix_missing_locations(tree))}\n```"


@needs_records
@pytest.mark.parametrize("name", ["humaneval", "mbpp"])
def test_every_canonical_solution_passes_in_the_sandbox(name: str, box: Sandbox) -> None:
    answers = [(record, solution(name, record)) for record in shared_records(name)]
    outcomes = box.score(jobs(name, answers))
    assert len(outcomes) == 40
    failed = [
        record["task_id"] for (record, _), out in zip(answers, outcomes, strict=True) if out.score != 1.0
    ]
    assert failed == []


@needs_records
@pytest.mark.parametrize("name", ["humaneval", "mbpp"])
def test_every_mutated_solution_fails_in_the_sandbox(name: str, box: Sandbox) -> None:
    answers = [(record, mutated(name, record)) for record in shared_records(name)]
    wanted = jobs(name, answers)
    assert all(job.submission for job in wanted)
    passed = [
        record["task_id"]
        for (record, _), out in zip(answers, box.score(wanted), strict=True)
        if out.score == 1.0
    ]
    assert passed == []


@needs_records
@pytest.mark.parametrize(
    ("name", "folder", "count"),
    [
        ("gsm8k_llama", "gsm8k", 40),
        ("mmlu_pro_llama", "mmlu_pro", 42),
        ("mmlu_cot_llama", "mmlu", 285),
        ("bbh_cot_zeroshot", "bbh", 54),
        ("humaneval_instruct", "humaneval", 40),
        ("mbpp_instruct", "mbpp", 40),
    ],
)
def test_the_real_records_become_questions(name: str, folder: str, count: int) -> None:
    benchmark_run = open_benchmark_run(found(name, **{folder: SHARED / folder / "dev.jsonl"}), plain, "plain")
    assert len(benchmark_run.questions) == count


def test_an_evaluation_runs_programs_of_a_published_benchmark(
    model: Callable[..., Any], tiny_model_dir: Path, tmp_path: Path
) -> None:
    from evals.answering.harness import Job as Evaluation
    from evals.answering.jobs import EvaluationWorker, opened
    from evals.settings import EvaluationSettings

    record = {
        "task_id": "HumanEval/x",
        "prompt": "def f(n):\n",
        "entry_point": "f",
        "test": "def check(candidate):\n    assert candidate(1) == 2\n",
    }
    path = write(tmp_path / "h.jsonl", record)
    settings = EvaluationSettings(suite="paper", data={"humaneval": path}, max_new_tokens=8)
    evaluation_worker = EvaluationWorker(
        functools.partial(small_engine, tiny_model_dir),
        "tiny",
        (found("humaneval_instruct", **settings.data),),
        settings,
        tmp_path / "answers.sqlite",
        1,
        1.0,
        Sandbox.open,
        "",
    )
    with opened(evaluation_worker) as harness:
        (sample,) = harness.run(Evaluation(model()))["humaneval_instruct"]
    assert sample["question_id"] == "HumanEval/x"
    assert sample["correct"] is False  # random weights write no program


def test_the_documented_example_of_a_benchmark_is_the_one_that_runs() -> None:
    from acdc.parsing.yaml import read_yaml

    documented = (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text("utf-8")
    example = documented.split("### Adding a benchmark")[1].split("```yaml")[3].split("```")[0]
    shipped = Path(registry.__file__).parent / "paper" / "gsm8k_llama.yaml"
    assert read_yaml(example) == read_yaml(shipped.read_text("utf-8"))


def test_the_documented_benchmark_of_ones_own_runs(
    model: Callable[..., Any], tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from acdc.parsing.yaml import read_yaml
    from evals.answering.harness import Job as Evaluation
    from evals.answering.jobs import EvaluationWorker, opened
    from evals.answering.rescore import score
    from evals.settings import EvaluationSettings

    documented = (Path(__file__).parents[3] / "docs" / "evaluation.md").read_text("utf-8")
    section = documented.split("### Adding a benchmark")[1]
    monkeypatch.chdir(tmp_path)
    Path("capitals.yaml").write_text(section.split("```yaml")[1].split("```")[0], "utf-8")
    Path("capitals.jsonl").write_text(section.split("```json")[1].split("```")[0], "utf-8")
    write(Path("gsm8k.jsonl"), GSM8K)
    asked = read_yaml(section.split("```yaml")[2].split("```")[0])["evaluation"]
    settings = EvaluationSettings.model_validate(asked | {"max_new_tokens": 4})
    benchmarks = registry.find(settings.suite, settings.benchmarks, seed=0, questions=1, data=settings.data)
    assert [benchmark.name for benchmark in benchmarks] == ["gsm8k_llama", "capitals"]
    given = write(Path("r.jsonl"), *({"position": n, "reply": f"So. The capital is {city}."} for n, city in enumerate(["paris", "Paris"])))  # fmt: skip
    verdicts = score("capitals.yaml", Path("capitals.jsonl"), given, SandboxSettings())
    assert [(row["correct"], row["extracted"]) for row in verdicts] == [(True, "paris"), (False, "Paris")]
    worker = EvaluationWorker(
        functools.partial(small_engine, tiny_model_dir), "tiny", tuple(benchmarks[1:]), settings, tmp_path / "a.sqlite", 2
    )  # fmt: skip
    with opened(worker) as harness:
        samples = harness.run(Evaluation(model()))["capitals"]
    assert [sample["question_id"] for sample in samples] == ["0", "1"]


def test_text_of_gpqa_is_in_no_sample_and_its_options_stay_in_order(tmp_path: Path) -> None:
    import random

    from evals.answering.answer_cache import Reply

    rows = [
        {"Record ID": f"rec{n}", "Question": f"A secret question {n}?", "Correct Answer": f"secret right {n}"}
        | {f"Incorrect Answer {k}": f"secret wrong {n} {k}" for k in (1, 2, 3)}
        for n in range(8)
    ]
    benchmark = found("gpqa_main_cot_zeroshot", gpqa=write(tmp_path / "g.jsonl", *rows))
    benchmark_run = open_benchmark_run(benchmark, plain, "plain")
    random.random()
    assert open_benchmark_run(benchmark, plain, "plain").questions == benchmark_run.questions
    assert len({question.prompt.index("secret right") for question in benchmark_run.questions}) > 1
    replies_given = [Reply("A secret thought: (A) secret right", "stop", 3, 3) for _ in rows]
    for _ in range(2):
        records = benchmark_run.grade(replies_given)
        assert "secret" not in json.dumps(records)
        right = [record["correct"] for record in records]
        assert right == [f"(A) secret right {n}" in q.prompt for n, q in enumerate(benchmark_run.questions)]
