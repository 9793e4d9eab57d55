"""Lists of questions that need their options: built, resumed, read, refused; and the command that builds them."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from acdc.errors import InfrastructureError, InputError
from evals.answering.group_benchmark_run import open_benchmark_run
from evals.benchmarks import registry
from evals.benchmarks.option_filter import build, plan
from evals.benchmarks.option_list import read_list
from evals.cli.build_filter import register
from tests.acdc.chat.chat_server import KEY, MODEL, Answer, serving

ROOT = Path(__file__).parents[3]
METADATA = registry.metadata_of("mmlu_judge")


def record(question: str, answer: str = "right") -> dict[str, Any]:
    return {
        "question": question,
        "subject": "law",
        "choices": [answer, "wrong", "false", "untrue"],
        "answer": 0,
    }


RECORDS = [
    record("Which of the following is true?"),
    record("What is wide?"),
    record("What is clear?"),
    record("Who knows?"),
]


def write(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "test.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


class Scripted:
    """Says that wide questions need their options, and nothing of those it knows nothing of."""

    def __init__(self, silent: str = "") -> None:
        self.asked: list[str] = []
        self._silent = silent

    def judge(self, forms: Any) -> list[bool | None]:
        self.asked += [form.question for form in forms]
        return [
            None if self._silent and self._silent in one.question else "wide" in one.question for one in forms
        ]


def built(folder: Path, asker: Any, rows: list[dict[str, Any]] = RECORDS, most: float = 0.0) -> Any:
    out = folder / "list.jsonl"
    made = plan("mmlu_judge", METADATA, write(folder, rows), out, "scripted" if asker else None)
    return build(made, out, asker, most)


def questions(folder: Path, rows: list[dict[str, Any]] = RECORDS) -> list[str]:
    (found,) = registry.find(
        "paper",
        ["mmlu_judge"],
        seed=0,
        questions=1,
        data={"mmlu": write(folder, rows)},
        filters={"mmlu": folder / "list.jsonl"},
    )
    benchmark_run = open_benchmark_run(found, lambda user, system: user, "plain")
    return [question.prompt.rsplit("\n", 1)[1] for question in benchmark_run.questions]


def test_the_judge_is_asked_only_what_the_rule_leaves_open(tmp_path: Path) -> None:
    asker = Scripted()
    counts = built(tmp_path, asker)
    assert asker.asked == ["What is wide?", "What is clear?", "Who knows?"]
    assert dict(counts) == {"rule": 1, "judge": 1, "records": 4}
    assert questions(tmp_path) == ["What is clear?", "Who knows?"]


def test_the_rule_alone_lets_the_rest_stand(tmp_path: Path) -> None:
    assert dict(built(tmp_path, None)) == {"rule": 1, "records": 4}
    assert questions(tmp_path) == ["What is wide?", "What is clear?", "Who knows?"]


def test_a_list_holds_hashes_and_no_text(tmp_path: Path) -> None:
    built(tmp_path, Scripted())
    text = (tmp_path / "list.jsonl").read_text("utf-8")
    assert not [word for word in ("What", "right", "wrong", "law") if word in text]
    head = json.loads(text.splitlines()[0])
    assert (head["judge"], head["records"], head["benchmark"]) == ("scripted", 4, "mmlu_judge")


def test_the_same_list_comes_of_records_in_another_order(tmp_path: Path) -> None:
    built(tmp_path, Scripted())
    first = (tmp_path / "list.jsonl").read_bytes()
    built(tmp_path, Scripted(), RECORDS[::-1])
    assert (tmp_path / "list.jsonl").read_bytes() == first


def test_a_missing_verdict_stops_the_build_and_the_others_are_kept(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="1 of 4 questions have no verdict"):
        built(tmp_path, Scripted(silent="knows"))
    assert not (tmp_path / "list.jsonl").exists()
    again = Scripted()
    built(tmp_path, again)
    assert again.asked == ["Who knows?"]
    assert not (tmp_path / "list.jsonl.part").exists()


def test_few_missing_verdicts_leave_their_questions_out(tmp_path: Path) -> None:
    assert built(tmp_path, Scripted(silent="knows"), most=0.25)["nobody"] == 1
    assert questions(tmp_path) == ["What is clear?"]


def test_a_line_that_a_kill_cut_is_asked_again(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError):
        built(tmp_path, Scripted(silent="knows"))
    part = tmp_path / "list.jsonl.part"
    part.write_text(part.read_text("utf-8")[:-9], "utf-8")
    again = Scripted()
    built(tmp_path, again)
    assert again.asked == ["What is clear?", "Who knows?"]


def test_verdicts_of_another_judge_are_not_taken_over(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError):
        built(tmp_path, Scripted(silent="knows"))
    made = plan("mmlu_judge", METADATA, tmp_path / "test.jsonl", tmp_path / "list.jsonl", "another")
    assert len(made.open) == 3


def test_records_that_the_list_does_not_know_are_refused(tmp_path: Path) -> None:
    built(tmp_path, None)
    with pytest.raises(InputError, match=r"no entry for 1 of the 5 records .* record 5"):
        questions(tmp_path, [*RECORDS, record("What is new?")])


def test_a_list_that_leaves_nothing_is_refused(tmp_path: Path) -> None:
    built(tmp_path, None, RECORDS[:1])
    with pytest.raises(InputError, match="nothing is left to ask"):
        questions(tmp_path, RECORDS[:1])


def test_without_a_list_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    (found,) = registry.find(
        "paper", ["mmlu_judge"], seed=0, questions=1, data={"mmlu": write(tmp_path, RECORDS)}, filters={}
    )
    with pytest.raises(InputError, match=r"acdc build-filter.*evaluation\.filters\.mmlu"):
        open_benchmark_run(found, lambda user, system: user, "plain")


@pytest.mark.parametrize(
    "content", ["", "{}\n", "[]\n", '{"format": 9}\n', "\xff", '{"format": 1}\n{"record": 1}\n']
)
def test_what_is_no_list_is_named(content: str, tmp_path: Path) -> None:
    (path := tmp_path / "list.jsonl").write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=r"list\.jsonl is not a list"):
        read_list(path)


def test_a_benchmark_that_keeps_its_options_has_no_list(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs no filter"):
        plan("gsm8k_llama", registry.metadata_of("gsm8k_llama"), tmp_path / "x", tmp_path / "y", None)


def command(folder: Path, *arguments: str) -> Any:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    (folder / "params.yaml").write_text((ROOT / "params.yaml").read_text("utf-8"))
    files = ["--records", str(write(folder, RECORDS)), "--out", str(folder / "list.jsonl")]
    return CliRunner().invoke(
        app, ["build-filter", "mmlu_judge", *files, "--params", str(folder / "params.yaml"), *arguments]
    )


def test_the_command_asks_the_judge_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACDC_TEST_KEY", KEY)

    def says(body: dict[str, Any], number: int) -> Answer:
        prompt = body["messages"][1]["content"]
        return Answer(
            text=f"{prompt.splitlines()[-2].split()[0]} {'NEEDS' if 'wide' in prompt else 'STANDS'}"
        )

    with serving(says) as server:
        judge = json.dumps({"base_url": server.url, "model": MODEL, "key_env": "ACDC_TEST_KEY"})
        said = command(tmp_path, "-S", f"judges.answers={judge}", "--json")
    assert said.exit_code == 0, repr(said.exception)
    assert json.loads(said.stdout) == {"records": 4, "rule": 1, "judge": 1}
    assert list(read_list(tmp_path / "list.jsonl").values()).count(True) == 2


def test_the_command_says_how_many_calls_it_would_make_and_makes_none(tmp_path: Path) -> None:
    judge = "judges.answers={base_url: 'http://127.0.0.1:9/v1', model: m}"
    said = command(tmp_path, "--dry-run", "--json", "-S", judge)
    assert json.loads(said.stdout) == {"records": 4, "decided": 1, "calls": 3}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["params.yaml", "test.jsonl"]


def test_the_command_without_a_judge_says_how_to_do_without(tmp_path: Path) -> None:
    assert "--rule-only" in str(command(tmp_path).exception)
    assert command(tmp_path, "--rule-only").exit_code == 0


def test_a_form_is_asked_once_however_often_its_record_is_there(tmp_path: Path) -> None:
    asker = Scripted()
    built(tmp_path, asker, [RECORDS[1], RECORDS[1]])
    assert asker.asked == ["What is wide?"]
