"""Prompts in tokens before anything is generated: one BOS or an error, first ids kept, what is too long is missing or refused."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from acdc.engines.prompts import Prompts
from acdc.errors import InputError
from evals.answering.harness import Job
from evals.answering.prompt_tokens import read_prompts, shared_start

BOS = 2  # <usr>, which the chat template of the tests writes first


def adding_bos(directory: Path) -> Path:
    """The byte-level tokenizer in `directory`, changed to put <usr> before every text."""
    special = {"<usr>": {"id": "<usr>", "ids": [BOS], "tokens": ["<usr>"]}}
    single = [{"SpecialToken": {"id": "<usr>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
    pair = [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}]
    processor = {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": special}
    changes = {
        "tokenizer.json": {"post_processor": processor},
        "tokenizer_config.json": {"bos_token": "<usr>"},
    }
    for name, change in changes.items():
        path = directory / name
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
    return directory


class Doubling:
    """An engine's prompts that trust their tokenizer, as many do."""

    def __init__(self, prompts: Prompts) -> None:
        self.tokenizer = prompts.tokenizer

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text)
        return ids


class Dropping(Doubling):
    """The same, but forgetting what the tokenizer adds and what the template wrote."""

    def encode(self, text: str) -> list[int]:
        return [token for token in super().encode(text) if token != BOS]


@pytest.fixture
def with_bos(tmp_path: Path, save_tokenizer: Callable[[Path], None]) -> Prompts:
    save_tokenizer(tmp_path)
    return Prompts(adding_bos(tmp_path), {})


def engine(prompts: Any, context: int | None = None) -> Any:
    return SimpleNamespace(prompts=prompts, context=context)


def test_one_bos_is_found_whether_template_or_tokenizer_puts_it(
    with_bos: Prompts, benchmark_run: Callable[..., Any]
) -> None:
    facts = read_prompts(engine(with_bos, 512), benchmark_run()).facts
    assert (facts["bos"], facts["first_token_ids"].count(BOS), facts["first_token_ids"][0]) == (BOS, 1, BOS)
    assert facts["questions"] == 10
    assert facts["longest_prompt"] == len(with_bos.encode("<usr>What follows q 0?<ast>"))
    assert len(facts["first_token_ids"]) == 16


@pytest.mark.parametrize(("kind", "count"), [(Doubling, 2), (Dropping, 0)])
def test_two_or_none_are_an_error(
    kind: Any, count: int, with_bos: Prompts, benchmark_run: Callable[..., Any]
) -> None:
    with pytest.raises(
        InputError, match=rf"probe_exact, q0: the prompt begins with {count} .* instead of one"
    ):
        read_prompts(engine(kind(with_bos)), benchmark_run())


def test_a_tokenizer_without_bos_says_none(tiny_engine: Any, benchmark_run: Callable[..., Any]) -> None:
    facts = read_prompts(tiny_engine, benchmark_run()).facts
    assert facts["bos"] is None
    assert facts["first_token_ids"] == tiny_engine.prompts.encode("<usr>What follows q 0?<ast>")[:16]
    assert facts["context"] == 512


def test_an_endpoint_tells_no_tokens(benchmark_run: Callable[..., Any]) -> None:
    found = read_prompts(object(), benchmark_run())
    assert found.facts == {"benchmark": "probe_exact", "questions": 10, "first_token_ids": None}
    assert found.too_long(10**9) == []


def test_of_withheld_text_only_what_all_prompts_share_is_told() -> None:
    assert shared_start([[1, 2, 3], [1, 2, 4], [1, 2]]) == [1, 2]
    assert shared_start([[1, 2, 3]]) == []


class Short:
    """The real engine, but with a context of so many tokens; it counts what it is asked."""

    def __init__(self, engine: Any, context: int) -> None:
        self._engine, self.context, self.asked = engine, context, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def generate(self, requests: Any, sampling: Any, progress: Any = None) -> Any:
        self.asked += len(requests)
        return self._engine.generate(requests, sampling, progress)


def long_and_short() -> list[dict[str, Any]]:
    texts = ["short"] * 3 + ["long " * 20]
    return [{"id": f"q{place}", "question": text, "answer": "1"} for place, text in enumerate(texts)]


def test_a_prompt_that_does_not_fit_is_missing_and_never_asked(
    harness: Callable[..., Any],
    benchmark_run: Callable[..., Any],
    model: Callable[..., Any],
    tiny_engine: Any,
) -> None:
    short = Short(tiny_engine, 60)
    bench = harness("a.sqlite", short, [benchmark_run(questions=long_and_short())], max_missing=0.25)
    samples = bench.run(Job(model(), 0.7, draws=2))["probe_exact"]
    assert [sample["correct"] is None for sample in samples] == [False, False, False, True] * 2
    assert samples[3]["missing"] == samples[7]["missing"] == "prompt and budget exceed the model's context"
    assert "missing" not in samples[0]
    assert short.asked == 6


def test_too_many_that_do_not_fit_are_refused_before_anything_is_asked(
    harness: Callable[..., Any],
    benchmark_run: Callable[..., Any],
    model: Callable[..., Any],
    tiny_engine: Any,
) -> None:
    short = Short(tiny_engine, 60)
    bench = harness("a.sqlite", short, [benchmark_run(questions=long_and_short())], max_missing=0.2)
    with pytest.raises(
        InputError,
        match=r"1 of 4 questions do not fit .* 60 tokens, .* of probe_exact: its longest prompt has 116",
    ):
        bench.run(Job(model()))
    assert short.asked == 0


def test_what_prompts_are_lies_beside_the_samples(
    harness: Callable[..., Any], model: Callable[..., Any], tmp_path: Path
) -> None:
    from evals.answering.evaluate_taskforce import write
    from evals.answering.jobs import Result
    from evals.correctness import from_samples

    bench = harness()
    samples = bench.run(Job(model()))["probe_exact"]
    facts = {name: tokens.facts for name, tokens in bench.prompts.items()}
    matrix = from_samples(samples, "here")
    write(tmp_path, [Result({"probe_exact": b""}, {"probe_exact": matrix}, facts)])
    assert json.loads((tmp_path / "probe_exact" / "prompt_tokens.json").read_text("utf-8")) == [
        facts["probe_exact"]
    ]
