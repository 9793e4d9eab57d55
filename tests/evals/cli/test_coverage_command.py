"""`acdc coverage` on logs that lm-eval's own evaluator and its own tracker wrote, and on matrices counted by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from acdc.errors import InputError
from evals.cli.coverage import Progress, register, repeated
from evals.logs.report import rows_for

DATA = Path(__file__).parents[1] / "data"


def invoke(*arguments: object) -> Any:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["coverage", *map(str, arguments)])


def report(*arguments: object) -> dict[str, Any]:
    result = invoke(*arguments, "--json")
    assert result.exit_code == 0, result.output + repr(result.exception)
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def write(folder: Path, right: str, answers: str = "", task: str = "sums", **extra: Any) -> Path:
    """A log of one model: a 1 or 0 for each question, and its extracted answers, a letter each."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"samples_{task}_2026-01-01T00-00-00.000001.jsonl").open("w", encoding="utf-8") as file:
        for doc, mark in enumerate(right):
            record = {
                "doc_id": doc,
                "doc": {"q": doc},
                "target": "a",
                "arguments": {},
                "resps": [["…"]],
                "filtered_resps": [(answers or right)[doc]],
                "filter": "none",
                "metrics": ["exact_match"],
                "doc_hash": f"{doc:064d}",
                "prompt_hash": f"{doc:064d}",
                "exact_match": {"1": 1.0, "0": 0.0, "m": None}[mark],
                **{name: value[doc] for name, value in extra.items()},
            }
            file.write(json.dumps(record) + "\n")
    return folder


def test_logs_that_lm_eval_wrote_are_read(tiny_engine: Any, tmp_path: Path) -> None:
    from lm_eval import evaluator
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    from acdc.engines.engine import Request, Sampling
    from evals.answering.lm_eval_adapter import AnsweredLM

    class Asked(AnsweredLM):
        def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
            asked = [Request(request.args[0]) for request in requests]
            return [answer.text for answer in tiny_engine.generate(asked, Sampling(max_new_tokens=12))]

    lm = Asked(tiny_engine.chat, "tiny")
    rows = [{"id": str(n), "question": f"n{n}", "answer": str(n)} for n in range(4)]

    def dataset(**_: Any) -> Any:
        from datasets import Dataset

        return {"test": Dataset.from_list(rows)}

    manager = TaskManager(include_path=str(DATA), include_defaults=False)
    override = {"task": "probe_exact", "custom_dataset": dataset}
    tasks = manager.load({"group": "logs", "task": [override]})["tasks"]
    made = evaluator.evaluate(
        lm, {"tasks": {"probe_exact": tasks["probe_exact"]}}, bootstrap_iters=0, log_samples=True
    )
    for folder in ("first", "second"):
        tracker = EvaluationTracker(output_path=str(tmp_path / folder))
        tracker.general_config_tracker.model_name_sanitized = "tiny"
        tracker.date_id = "2026-01-01T00-00-00.000001"
        tracker.save_results_samples("probe_exact", json.loads(json.dumps(made["samples"]["probe_exact"])))
    found = report("--samples", tmp_path / "first", "--baseline", tmp_path / "second")
    assert found["benchmarks"]["probe_exact"]["questions"] == 4
    assert found["benchmarks"]["probe_exact"]["same_prompts"]
    assert found["models"] == [str(tmp_path / "first" / "tiny")]
    assert found["cut_off"] is None
    assert found["comparison"]["same_n"][0]["difference"]["mean"] == 0.0


def test_coverage_and_contributions_are_those_counted_by_hand(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a", "1100"), write(tmp_path / "b", "0110")
    found = report("--samples", first, second)
    assert [row["these"]["mean"] for row in found["coverage"]] == [0.5, 0.75]
    assert [row["any"]["mean"] for row in found["coverage"]] == [0.5, 0.75]
    assert [row["unique"] for row in found["contributions"]] == [1, 1]
    assert [row["shapley"] for row in found["contributions"]] == [0.375, 0.375]
    assert [row["without"] for row in found["contributions"]] == [0.5, 0.5]


def test_majority_takes_the_answer_of_most_and_a_tie_is_its_expectation(tmp_path: Path) -> None:
    folders = [
        write(tmp_path / "a", "101", "xpa"),
        write(tmp_path / "b", "100", "xqb"),
        write(tmp_path / "c", "000", "yqc"),
    ]
    found = report("--samples", *folders)["best_of_n"]
    # x wins and is right: 1. q wins and is wrong: 0. Three answers tie, one of them is right: 1/3.
    assert found["majority"]["mean"] == pytest.approx((1 + 0 + 1 / 3) / 3)
    assert found["random"]["mean"] == pytest.approx((2 / 3 + 0 + 1 / 3) / 3)
    # Coverage 6/9 over random 3/9 leaves 3/9, and majority gains 1/9 of them.
    assert found["efficiency"]["value"] == pytest.approx(1 / 3)


def test_the_comparison_is_paired_by_question(tmp_path: Path) -> None:
    ours, theirs = write(tmp_path / "a", "1" * 20 + "0" * 10), write(tmp_path / "b", "1" * 10 + "0" * 20)
    found = report("--samples", ours, "--baseline", theirs)["comparison"]
    assert found["everybody"]["difference"]["mean"] == pytest.approx(1 / 3)
    assert found["everybody"]["mcnemar"] == pytest.approx(2 * 0.5**10)
    assert found["same_n"][0]["difference"]["low"] > 0
    assert "note" not in found


def test_sets_of_different_sizes_are_compared_at_the_same_n_and_said(tmp_path: Path) -> None:
    ours = [write(tmp_path / name, "110") for name in "ab"]
    found = report("--samples", *ours, "--baseline", write(tmp_path / "c", "100"))["comparison"]
    assert [row["n"] for row in found["same_n"]] == [1]
    assert "2 against 1" in found["note"]


def test_cut_answers_are_reported_where_the_logs_say_how_answers_ended(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", "1010", finish=["stop", "length", "stop", "stop"])
    found = report("--samples", folder)["cut_off"]
    assert found == {"answers": 0.25, "questions_without": 3, "coverage_without": pytest.approx(2 / 3)}


def test_missing_answers_leave_their_question_out(tmp_path: Path) -> None:
    found = report("--samples", write(tmp_path / "a", "1m0"), write(tmp_path / "b", "011"))
    assert found["benchmarks"]["sums"]["dropped"] == 1
    assert found["coverage"][1]["these"]["mean"] == 1.0


def test_several_logs_of_one_task_are_draws(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", "10")
    (folder / "samples_sums_2026-01-02T00-00-00.000001.jsonl").write_text(
        next(folder.glob("*.jsonl")).read_text("utf-8"), "utf-8"
    )
    assert report("--samples", folder)["models"] == [str(folder), f"{folder}#2"]


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda at: (at / "a").mkdir(), "no samples_"),
        (lambda at: write(at / "a", "2".replace("2", "1"), exact_match=[7]), "--metric"),
        (lambda at: (write(at / "a" / "x", "10"), write(at / "a" / "y", "1")), "no answer to question"),
        (lambda at: (write(at / "a" / "x", "10"), write(at / "a" / "y", "10", task="t")), "--task"),
        (lambda at: write(at / "a", "10", doc_id=[0, 0], doc_hash=["x", "x"]), "twice"),
        (lambda at: write(at / "a", "10", metrics=[[], []]), "no metric"),
    ],
)
def test_faulty_logs_are_refused_with_what_to_do(prepare: Any, said: str, tmp_path: Path) -> None:
    prepare(tmp_path)
    result = invoke("--samples", tmp_path / "a")
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)


def test_text_says_coverage_and_what_is_not_known(tmp_path: Path) -> None:
    result = invoke("--samples", write(tmp_path / "a", "10"), write(tmp_path / "b", "01"))
    assert "sums: 100.0%" in result.output
    assert "answers cut off: not known" in result.output


def again(folder: Path, draws: int) -> Path:
    """The folder with its log as often as that, which makes draws of one model."""
    (log,) = folder.glob("*.jsonl")
    for second in range(2, draws + 1):
        (folder / f"samples_sums_2026-01-01T00-00-{second:02d}.000001.jsonl").write_bytes(log.read_bytes())
    return folder


@pytest.mark.parametrize(
    ("answers", "sizes"),
    [
        (1, [1]),
        (16, [*range(1, 17)]),
        (17, [1, 2, 3, 5, 8, 16, 17]),
        (32, [1, 2, 3, 5, 8, 16, 32]),
        (326, [1, 2, 3, 5, 8, 16, 32, 64, 128, 256, 326]),
    ],
)
def test_of_many_answers_not_every_n_has_a_row(answers: int, sizes: list[int]) -> None:
    assert rows_for(answers) == sizes


def test_the_text_of_many_answers_stays_short_and_says_how_many_models_there_are(tmp_path: Path) -> None:
    one, two = again(write(tmp_path / "one", "0110"), 20), write(tmp_path / "two", "1100")
    rival = again(write(tmp_path / "rival", "1000"), 32)
    result = invoke("--samples", one, two, "--baseline", rival)
    shown = result.stdout
    assert result.stderr.splitlines() == [
        "coverage: 2 models, 21 answers a question",
        "coverage: 1 model, 32 answers a question",
    ]
    assert shown.startswith("2 models, 21 answers a question; ")
    assert f"against {rival} (32 draws) (question by question):" in shown
    found = report("--samples", one, two, "--baseline", rival)
    assert [row["n"] for row in found["coverage"]] == [1, 2, 3, 5, 8, 16, 21]
    assert [row["n"] for row in found["comparison"]["same_n"]] == [1, 2, 3, 5, 8, 16, 21]
    assert found["coverage"][-1]["these"]["mean"] == 0.75


def test_a_heading_names_a_few_of_many_models(tmp_path: Path) -> None:
    rivals = [write(tmp_path / f"rival{number:02d}", "10") for number in range(11)]
    shown = invoke("--samples", rivals[0], "--baseline", *rivals).stdout
    assert f"{rivals[7]}, 3 more models (question by question):" in shown
    assert str(rivals[8]) not in shown


def test_long_work_says_how_far_it_is_and_short_work_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "one", "0110")
    assert invoke("--samples", folder).stderr == ""
    monkeypatch.setattr("evals.cli.coverage.Progress", lambda: Progress(seconds=0))
    told = invoke("--samples", folder, "--baseline", folder).stderr.splitlines()
    assert "coverage: logs of sums, 1 of 1" in told
    assert "coverage: rows of coverage@N, 1 of 1" in told
    assert "coverage: majority on sums, 4 of 4" in told
    assert "coverage: rows of the comparison, 1 of 1" in told


def test_folders_may_follow_an_option_together() -> None:
    assert repeated(["--samples", "a", "b", "--json"]) == ["--samples", "a", "--samples", "b", "--json"]


@pytest.mark.parametrize(
    ("hashes", "said"),
    [
        (["a", "b"], None),
        ([None, "b"], "is not known"),
        (["z", "b"], "did not all read"),
    ],
)
def test_whether_all_models_read_the_same_prompts_is_said_or_not_known(
    hashes: list[str | None], said: str | None, tmp_path: Path
) -> None:
    one = write(tmp_path / "one", "01", prompt_hash=["a", "b"])
    two = write(tmp_path / "two", "10", prompt_hash=hashes)
    assert (
        report("--samples", one, two)["benchmarks"]["sums"]["same_prompts"]
        == {
            None: True,
            "is not known": None,
            "did not all read": False,
        }[said]
    )
    shown = invoke("--samples", str(one), str(two)).stdout
    assert ("prompts" in shown) == (said is not None)
    assert said is None or said in shown
