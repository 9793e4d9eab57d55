"""Suites, their benchmarks, and what is said about names that do not exist."""

from pathlib import Path

import pytest

from acdc.errors import InputError
from evals.benchmarks import registry


def test_the_tiny_suite_has_eight_benchmarks() -> None:
    assert "tiny" in registry.suites()
    assert len(registry.names("tiny")) == 8


def test_questions_are_the_same_at_every_call_and_others_with_another_seed() -> None:
    benchmark = registry.find("tiny", ["tiny_colon"], seed=0, questions=5)[0]
    other = registry.find("tiny", ["tiny_colon"], seed=1, questions=5)[0]
    assert benchmark.rows is not None
    assert other.rows is not None
    assert benchmark.rows() == benchmark.rows()
    assert len(benchmark.rows()) == 5
    assert benchmark.rows() != other.rows()


def test_benchmarks_come_in_the_order_asked_for() -> None:
    found = registry.find("tiny", ["tiny_question", "tiny_choice"], seed=0, questions=1)
    assert [benchmark.name for benchmark in found] == ["tiny_question", "tiny_choice"]


@pytest.mark.parametrize(
    ("suite", "only", "message"),
    [
        ("tinny", [], "evaluation.suite: there is no 'tinny'"),
        (
            "tiny",
            ["tiny_colons"],
            "evaluation.benchmarks: there is no 'tiny_colons'; did you mean 'tiny_colon'",
        ),
    ],
)
def test_an_unknown_name_gets_the_nearest(suite: str, only: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        registry.find(suite, only, seed=0, questions=1)


@pytest.mark.parametrize("name", [*registry.offered("paper")])
def test_a_benchmark_whose_records_are_not_named_is_refused_before_a_hub_is_asked(name: str) -> None:
    data = registry.metadata_of(name)["data"]
    with pytest.raises(InputError, match=rf"evaluation\.data\.{data} is not set; {name} reads"):
        registry.find("paper", [name], seed=0, questions=1)


def test_a_benchmark_of_ones_own_beside_generated_ones_reads_its_own_records(tmp_path: Path) -> None:
    (tmp_path / "tiny_colon.yaml").write_text(
        "task: tiny_colon\nmetadata: {data: mine, fields: [question]}\n"
    )
    (tmp_path / "mine.jsonl").write_text('{"question": "?"}\n{"question": "!"}\n')
    drawn, own = registry.find(
        "tiny",
        ["tiny_choice", str(tmp_path / "tiny_colon.yaml")],
        seed=0,
        questions=5,
        data={"mine": tmp_path / "mine.jsonl"},
    )
    assert drawn.generated
    assert not own.generated  # so it has no rates of guessing either, whatever its name
    assert drawn.rows is not None
    assert own.rows is not None
    assert len(drawn.rows()) == 5
    assert [row["question"] for row in own.rows()] == ["?", "!"]


def test_guess_rates_are_shares() -> None:
    rates = registry.guess_rates("tiny", "tiny_choice", seed=0, questions=4)
    assert rates is not None
    assert set(rates) == {"blind_1", "blind_8", "informed_1", "informed_8"}
    assert all(0 <= rate <= 1 for rate in rates.values())


@pytest.mark.parametrize("content", ["", "[1]\n", "{\n", "\xff"])
def test_a_faulty_file_of_questions_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=r"questions\.jsonl"):
        registry.read_rows(path)
