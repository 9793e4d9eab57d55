"""Files that are not what they should be, and replies that are hardly text: an error that says what to do, or a verdict."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acdc.errors import InfrastructureError, InputError
from acdc.sandbox import SandboxSettings
from evals.answering.benchmark_run import BenchmarkRun
from evals.answering.group_benchmark_run import open_benchmark_run
from evals.answering.rescore import score
from evals.answering.samples import each_sample
from evals.benchmarks import registry
from evals.benchmarks.local_data import questions
from evals.benchmarks.option_filter import plan
from evals.benchmarks.option_list import read_list
from evals.benchmarks.paper.record_checks import gsm8k
from evals.benchmarks.registry import Benchmark
from tests.evals.answering.test_rescore import RECORDS, records
from tests.evals.conftest import benchmark, rows

TASK = """
task: mine
output_type: generate_until
test_split: test
doc_to_text: "{{ question }}"
doc_to_target: "{{ answer }}"
generation_kwargs: {max_gen_toks: 8, until: []}
metric_list: [{metric: exact_match}]
metadata: {data: mine, fields: [question, answer]}
"""


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def benchmark_run(folder: Path, task: str, *first: dict[str, Any]) -> Any:
    (folder / "mine.yaml").write_text(task, "utf-8")
    data = {"mine": write(folder / "mine.jsonl", *first, {"question": "?", "answer": "!"})}
    (found,) = registry.find("paper", [str(folder / "mine.yaml")], seed=0, questions=1, data=data)
    return open_benchmark_run(found, lambda user, system: user, "plain")


def test_the_task_is_sound_until_it_is_spoiled(tmp_path: Path) -> None:
    assert [question.prompt for question in benchmark_run(tmp_path, TASK).questions] == ["?"]


@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        (TASK + "filter_list: [{name: f, filter: [{function: nonsense}]}]\n", "nonsense"),
        (TASK.replace("metadata: {", "metadata: {filter: flexible, "), "`metadata.filter` names 'flexible'"),
        (TASK.replace("metadata: {", "metadata: {scored_by: sandbx, "), "did you mean 'sandbox'"),
        (TASK.replace("exact_match", "nonsense_match"), "`metric_list` and `filter_list` name"),
        (TASK.replace("task: mine", "task: yours"), "does not define `task: mine`"),
        (TASK + "test_split: train\n", "`test_split` is given twice, lines 4 and 10"),
        (TASK + "doc_to_text: [\n", "not readable as YAML"),
        ("- a list\n", "holds no task"),
        (TASK + "process_docs: !function nowhere.function\n", "nowhere"),
    ],
)
def test_a_faulty_task_is_named_with_its_fault(spoiled: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mine\.yaml") as error:
        benchmark_run(tmp_path, spoiled)
    assert said in str(error.value)


def named_data(folder: Path, dataset: str) -> Any:
    """An benchmark run whose YAML says itself where its data is."""
    (folder / "mine.yaml").write_text(
        TASK.replace("metadata: {data: mine, fields: [question, answer]}", dataset)
    )
    (found,) = registry.find("tiny", [str(folder / "mine.yaml")], seed=0, questions=1)
    return open_benchmark_run(found, lambda user, system: user, "plain")


def test_data_that_a_task_file_names_and_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = f"dataset_path: json\ndataset_kwargs: {{data_files: {{test: {tmp_path}/nowhere.jsonl}}}}\n"
    with pytest.raises(
        InputError, match=r"mine\.yaml: the data set that it names does not exist \(.*nowhere\.jsonl"
    ):
        named_data(tmp_path, missing)


def test_a_hub_that_cannot_be_reached_is_no_fault_of_the_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    with pytest.raises(InfrastructureError, match=r"mine\.yaml: the data that it names can't be fetched"):
        named_data(tmp_path, "dataset_path: nobody/nothing\n")


def test_a_task_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*mine\.yaml"):
        registry.chosen("paper", [str(tmp_path / "mine.yaml")])


def test_two_benchmarks_of_one_name_are_refused(tmp_path: Path) -> None:
    (path := tmp_path / "gsm8k_llama.yaml").write_text(TASK)
    with pytest.raises(InputError, match="gsm8k_llama is there twice"):
        registry.chosen("paper", ["gsm8k_llama", str(path)])


def test_records_that_name_another_split_are_refused(tmp_path: Path) -> None:
    row = {"question": "?", "answer": "#### 1"}
    path = write(tmp_path / "g.jsonl", row | {"split": "test"}, row | {"split": "train"})
    with pytest.raises(InputError, match=r"g\.jsonl, record 2: of the split 'train'; asked is 'test'"):
        questions(path, registry.metadata_of("gsm8k_llama"))


@pytest.mark.parametrize("number", [2, 600, 974, "x"])
def test_records_of_mbpp_outside_the_test_split_are_refused(number: object, tmp_path: Path) -> None:
    row = {"task_id": number, "text": "Write.", "code": "", "test_list": ["assert f(1) == 1"] * 3}
    with pytest.raises(InputError, match=r"record 1: task_id .* has 11 to 510"):
        questions(write(tmp_path / "m.jsonl", row), registry.metadata_of("mbpp_instruct"))


def test_records_that_are_the_worked_examples_are_refused(tmp_path: Path) -> None:
    from evals.benchmarks.paper.math_answers import examples

    shot = {key: value for key, value in examples()[2].items() if key != "few_shot"}
    path = write(tmp_path / "m.jsonl", {"problem": "What is $1$?", "solution": "$\\boxed{1}$"}, shot)
    (found,) = registry.find("paper", ["minerva_math"], seed=0, questions=1, data={"math": path})
    with pytest.raises(InputError, match="question 1 is one of the worked examples"):
        open_benchmark_run(found, lambda user, system: user, "plain")


def test_the_pool_of_examples_in_place_of_the_records_is_refused(tmp_path: Path) -> None:
    path = records(tmp_path, "mmlu_pro_llama")
    pool = path.with_name("validation.jsonl")
    (found,) = registry.find("paper", ["mmlu_pro_llama"], seed=0, questions=1, data={"mmlu_pro": pool})
    with pytest.raises(InputError, match="question 0 is one of the worked examples"):
        open_benchmark_run(found, lambda user, system: user, "plain")


@pytest.mark.parametrize("benchmark", sorted(RECORDS))
def test_replies_that_are_hardly_text_are_wrong_and_stop_nothing(benchmark: str, tmp_path: Path) -> None:
    strange = [
        "",
        "\0",
        "\0" * 1000,
        "\ud800",
        "\udfff\ud800 \0",
        "x" * 10_000_000,
        "(\\frac{ " * 1000,
        " " * 100_000,
    ]
    given = write(tmp_path / "replies.jsonl", *({"position": 0, "reply": reply} for reply in strange))
    found = score(benchmark, records(tmp_path, benchmark), given, SandboxSettings())
    assert [verdict["correct"] for verdict in found] == [False] * len(strange)


@pytest.mark.parametrize(
    ("benchmark", "spoiled", "said"),
    [
        ("gsm8k_llama", {"answer": "twelve"}, "no number behind '####'"),
        ("gsm8k_llama", {"answer": "no idea ####"}, "no number behind '####'"),
        ("gsm8k_llama", {"answer": "#### 5 apples"}, "no number behind '####'"),
        ("mmlu_cot_llama", {"choices": ["a", "b", "c", "d", "e"]}, "its choices are not four"),
        ("mmlu_cot_llama", {"choices": ["a", "b", "c"]}, "its choices are not four"),
        ("mmlu_cot_llama", {"answer": 4}, "not a position from 0 to 3"),
        ("mmlu_cot_llama", {"answer": "B"}, "not a position from 0 to 3"),
        ("mmlu_cot_llama", {"answer": True}, "not a position from 0 to 3"),
        ("mmlu_pro_llama", {"options": "abc"}, "its options are not two to ten"),
        ("mmlu_pro_llama", {"answer": "Z"}, "not the letter of one of its"),
        ("mbpp_instruct", {"test_list": ["assert f(1) == 1"]}, "fewer than 3 tests"),
        ("gpqa_main_cot_zeroshot", {"Incorrect Answer 2": " "}, "its Incorrect Answer 2 is empty"),
    ],
)
def test_a_record_whose_fields_hold_something_else_is_named(
    benchmark: str, spoiled: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = records(tmp_path, benchmark)
    (sound,) = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    write(path, sound, sound | spoiled)
    with pytest.raises(InputError, match=rf"{path.name}, record 2: ") as error:
        questions(path, registry.metadata_of(benchmark))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("judged", "benchmark", "spoiled"),
    [
        ("mmlu_judge", "mmlu_cot_llama", {"answer": "B"}),
        ("mmlu_judge", "mmlu_cot_llama", {"choices": ["a", "b"]}),
        ("mmlu_pro_judge", "mmlu_pro_llama", {"answer": "Z"}),
    ],
)
def test_a_judge_form_refuses_the_records_that_the_benchmark_refuses(
    judged: str, benchmark: str, spoiled: dict[str, Any], tmp_path: Path
) -> None:
    path = records(tmp_path, benchmark)
    (sound,) = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    write(path, sound | spoiled)
    metadata = registry.metadata_of(judged)
    for refuses in (
        lambda: questions(path, metadata),
        lambda: plan(judged, metadata, path, tmp_path / "list.jsonl", None),
    ):
        with pytest.raises(InputError, match=rf"{path.name}, record 1: "):
            refuses()


@pytest.mark.parametrize("answer", ["#### 1,000", "so\n#### -3", "#### $5", "####.5", "#### 12 "])
def test_a_number_behind_the_marks_is_one_however_it_is_written(answer: str) -> None:
    assert gsm8k({"answer": answer}) == ""


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ question.split()[3].strip() }}", r"its first record .*element 3"),
        ("{{ question.split()[1] if question == '? ?' else question.split()[1].strip() }}", "record 1"),
    ],
)
def test_a_record_that_a_template_stumbles_over_is_named(template: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"mine: the task cannot make a question from {said}"):
        benchmark_run(tmp_path, TASK.replace("{{ question }}", template), {"question": "? ?", "answer": "!"})


def test_a_record_without_an_id_is_named_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(TASK.replace("{{ question }}", "{{ question.strip() }}"), "utf-8")
    rows = [{"question": "?", "answer": "!"}, {"question": None, "answer": "!"}]
    mine = Benchmark("mine", tmp_path / "mine.yaml", functools.partial(list, rows))
    with pytest.raises(InputError, match="cannot make a question from record 1 "):
        BenchmarkRun(mine, lambda user, system: user, "plain")


def test_a_fault_of_the_engines_chat_is_not_blamed_on_a_record() -> None:
    def faulty(user: str, system: str) -> str:
        raise TypeError("a bug")

    with pytest.raises(TypeError, match="a bug"):
        BenchmarkRun(benchmark("probe_fewshot", rows(4)), faulty, "plain")


def test_the_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "half.jsonl").write_text('{"question": "?", "answer": "#### 1"}\n{"question": "ha')
    with pytest.raises(InputError, match=r"half\.jsonl can't be read as JSON lines, line 2"):
        questions(tmp_path / "half.jsonl", registry.metadata_of("gsm8k_llama"))


@pytest.mark.parametrize(
    "read",
    [
        lambda path: questions(path, registry.metadata_of("gsm8k_llama")),
        registry.read_rows,
        read_list,
        lambda path: list(each_sample(path, str)),
    ],
    ids=["records", "replies", "filter", "samples"],
)
def test_a_line_nested_without_end_is_bad_input(read: Callable[[Path], object], tmp_path: Path) -> None:
    (tmp_path / "deep.jsonl").write_text("[" * 1_000_000)
    with pytest.raises(InputError, match=r"deep\.jsonl"):
        read(tmp_path / "deep.jsonl")


def test_a_setting_that_names_no_benchmarks_records_gets_the_nearest() -> None:
    from acdc.config.config import parse
    from acdc.parsing.yaml import read_yaml
    from evals.settings import EvaluationSettings

    config = parse(read_yaml((Path(__file__).parents[3] / "params.yaml").read_text("utf-8")))
    asked = EvaluationSettings(suite="paper", data={"gsm8": Path("x")})
    with pytest.raises(
        InputError, match=r"evaluation\.data: no benchmark reads 'gsm8'; did you mean 'gsm8k'"
    ):
        asked.check(config)
    EvaluationSettings(suite="paper", data={"gsm8k": Path("x")}, filters={"mmlu": Path("y")}).check(config)
