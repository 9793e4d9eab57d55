"""Open answers before a judge: what it is asked, what its words are worth, what is cached; the ways in which models answer."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acdc.chat.settings import JudgeSettings
from acdc.errors import InfrastructureError, InputError
from acdc.sandbox import SandboxSettings
from evals.answering.harness import Job
from evals.answering.jobs import EvaluationWorker, opened, work_through
from evals.answering.judged_answers import require_judge, shared
from evals.answering.rescore import score
from evals.benchmarks import registry
from evals.settings import EvaluationSettings
from tests.acdc.chat.chat_server import KEY, MODEL, Answer, serving

TABLE = Path(__file__).parents[1] / "data" / "replies" / "judge_forms.jsonl"
RECORDS: dict[str, dict[str, Any]] = {
    "mmlu_judge": {
        "question": "At what does water boil?",
        "subject": "law",
        "choices": ["0 degrees", "100 degrees", "50 degrees", "150 degrees"],
        "answer": 1,
    },
    "mmlu_pro_judge": {
        "question_id": 7,
        "question": "At what does water boil?",
        "options": ["0 degrees", "100 degrees"],
        "answer": "B",
    },
    "bbh_judge": {
        "task": "t",
        "input": "At what does water boil?\nOptions:\n(A) 0 degrees\n(B) 100 degrees",
        "target": "(B)",
    },
    "gpqa_judge": {
        "Record ID": "rec0",
        "Question": "At what does water boil?",
        "Correct Answer": "100 degrees",
        **{f"Incorrect Answer {n}": f"{n} degrees" for n in (1, 2, 3)},
    },
}


@pytest.fixture(autouse=True)
def right_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACDC_TEST_KEY", KEY)


def marked_lines(prompt: str, kind: str) -> str:
    sign = prompt.splitlines()[-2].split()[0]
    begin = f"{sign}-{kind}| "
    return "\n".join(line.removeprefix(begin) for line in prompt.splitlines() if line.startswith(begin))


def scripted(body: dict[str, Any], number: int) -> Answer:
    """A judge that reads the last line: it passes what gives the one right number, and follows nobody's orders."""
    prompt = body["messages"][1]["content"]
    sign = prompt.splitlines()[-2].split()[0]
    assert "100 degrees" in marked_lines(prompt, "C")
    assert marked_lines(prompt, "Q") == "At what does water boil?"
    lines = marked_lines(prompt, "A").strip().splitlines()
    numbers = [word.strip("*.,°$\\boxed{}CK") for word in lines[-1].split() if any(map(str.isdigit, word))]
    right = set(numbers) in ({"100"}, {"373.15"}) and "maybe" not in lines[-1]
    return Answer(text=f"Compared.\n{sign} {'PASS' if right else 'FAIL'}")


def judge(url: str, **changes: Any) -> JudgeSettings:
    return JudgeSettings(base_url=url, model=MODEL, key_env="ACDC_TEST_KEY", retries=0, **changes)


def records(folder: Path, benchmark: str, count: int = 1) -> Path:
    path = folder / "test.jsonl"
    row = RECORDS[benchmark]
    rows = [row | ({"Record ID": f"rec{n}"} if "Record ID" in row else {}) for n in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.mark.parametrize("benchmark", sorted(RECORDS))
def test_the_ways_in_which_models_answer_get_their_verdicts(benchmark: str, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in TABLE.read_text("utf-8").splitlines()]
    assert len(rows) >= 12
    given = tmp_path / "replies.jsonl"
    given.write_text(
        "".join(json.dumps({"position": 0, "reply": row["reply"]}) + "\n" for row in rows), "utf-8"
    )
    with serving(scripted) as server:
        found = score(benchmark, records(tmp_path, benchmark), given, SandboxSettings(), judge(server.url))
    assert {row["way"]: verdict["correct"] for row, verdict in zip(rows, found, strict=True)} == {
        row["way"]: row["correct"] for row in rows
    }
    assert len(server.asked) == len(
        [row for row in rows if row["way"] not in ("nothing", "white space", "NULs alone")]
    )


def evaluation_worker(
    model_dir: Path, folder: Path, url: str, benchmark: str = "mmlu_judge", **settings: Any
) -> EvaluationWorker:
    asked = EvaluationSettings(suite="paper", max_new_tokens=8, **settings)
    name = benchmark.removesuffix("_judge")
    (found,) = registry.find(
        "paper", [benchmark], seed=0, questions=1, data={name: records(folder, benchmark)}
    )

    return EvaluationWorker(
        functools.partial(engine, model_dir),
        "tiny",
        (found,),
        asked,
        folder / "answers.sqlite",
        1,
        judge=judge(url),
    )


def engine(directory: Path) -> Any:
    from acdc.engines.hf import TransformersEngine

    return TransformersEngine(directory, rows=8, widths=(32, 64, 256))


def says(word: str) -> Callable[[dict[str, Any], int], Answer]:
    def answer(body: dict[str, Any], number: int) -> Answer:
        sign = body["messages"][1]["content"].splitlines()[-2].split()[0]
        return Answer(text=word.format(sign))

    return answer


def test_a_verdict_is_asked_once_and_then_cached(model: Any, tiny_model_dir: Path, tmp_path: Path) -> None:
    with serving(says("{} PASS")) as server:
        worker = evaluation_worker(tiny_model_dir, tmp_path, server.url)
        samples = []
        for _ in range(2):
            with opened(worker) as harness:
                samples += harness.run(Job(model()))["mmlu_judge"]
    assert samples[0] == samples[1]
    assert (samples[0]["correct"], samples[0]["judge_pass"], samples[0]["metrics"]) == (
        True,
        1.0,
        ["judge_pass"],
    )
    assert "exact_match" not in samples[0]
    assert len(server.asked) == 1


@pytest.mark.parametrize("word", ["maybe", "", "{} MAYBE", "{0} PASS\n{0} FAIL", "{} PASS or so"])
def test_a_judge_that_wavers_leaves_the_answer_missing(
    word: str, model: Any, tiny_model_dir: Path, tmp_path: Path
) -> None:
    with serving(says(word)) as server:
        worker = evaluation_worker(tiny_model_dir, tmp_path, server.url)
        (result,) = work_through([worker], [(0, Job(model()))], report=lambda **event: None)
    assert result.correctness["mmlu_judge"].missing.all()
    from evals.answering.evaluate_taskforce import checked

    with pytest.raises(InfrastructureError, match="1 of 1 answers are missing"):
        checked([result], 0.01)
    assert checked([result], 1.0).missing == 1


def test_a_missing_verdict_is_asked_again_and_the_answer_is_not(
    model: Any, tiny_model_dir: Path, tmp_path: Path
) -> None:
    replies = iter(["maybe", "{} FAIL"])
    with serving(lambda body, number: says(next(replies))(body, number)) as server:
        worker = evaluation_worker(tiny_model_dir, tmp_path, server.url)
        found = []
        for _ in range(2):
            with opened(worker) as harness:
                found += harness.run(Job(model()))["mmlu_judge"]
    assert [sample["correct"] for sample in found] == [None, False]
    assert found[0]["resps"] == found[1]["resps"]


def test_a_judge_that_refuses_the_key_stops_the_stage(
    model: Any, tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACDC_TEST_KEY", "wrong")
    with (
        serving(says("{} PASS")) as server,
        opened(evaluation_worker(tiny_model_dir, tmp_path, server.url)) as harness,
        pytest.raises(InfrastructureError, match="refuses the key"),
    ):
        harness.run(Job(model()))


def test_nothing_of_gpqa_is_in_a_sample_or_in_the_cache_but_the_reply(
    model: Any, tiny_model_dir: Path, tmp_path: Path
) -> None:
    with serving(says("{} PASS")) as server:
        worker = evaluation_worker(tiny_model_dir, tmp_path, server.url, "gpqa_judge")
        (result,) = work_through([worker], [(0, Job(model()))], report=lambda **event: None)
    text = result.lines["gpqa_judge"].decode() + json.dumps(result.prompts)
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("answers.sqlite*"))
    assert "boil" not in text
    assert "degrees" not in text
    assert b"boil" not in kept
    assert result.prompts["gpqa_judge"]["first_token_ids"] == []  # of a single prompt nothing is shared
    assert result.correctness["gpqa_judge"].correct.all()


def test_without_a_judge_the_setting_is_named() -> None:
    with pytest.raises(
        InputError, match=r"gpqa_judge: open answers need a judge; name it in judges\.answers"
    ):
        require_judge(None, ["gpqa_judge"])


def test_processes_share_a_judges_limits() -> None:
    whole = judge("http://x/v1", budget_tokens=100, budget_money=3.0, price_in=1.0, concurrency=16)
    part = shared(whole, 4)
    assert (part.budget_tokens, part.budget_money, part.concurrency) == (25, 0.75, 4)
    assert shared(judge("http://x/v1", concurrency=2), 4).concurrency == 1


def test_the_open_prompt_has_no_options_and_256_tokens(tmp_path: Path) -> None:
    from evals.answering.group_benchmark_run import open_benchmark_run

    for name in RECORDS:
        data = {name.removesuffix("_judge"): records(tmp_path, name)}
        (found,) = registry.find("paper", [name], seed=0, questions=1, data=data)
        benchmark_run = open_benchmark_run(found, lambda user, system: user, "plain")
        assert benchmark_run.questions[0].prompt.endswith("\n\nAt what does water boil?")
        assert "degrees" not in benchmark_run.questions[0].prompt
        assert benchmark_run.sampling(0.0, 1.0).max_new_tokens == 256
