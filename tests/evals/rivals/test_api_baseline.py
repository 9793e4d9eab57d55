"""Endpoints as rivals: rows that say what they are, answers through the harness, costs and days beside the numbers."""

import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acdc.errors import InfrastructureError, InputError
from evals.answering.evaluate_taskforce import write
from evals.answering.jobs import EvaluationWorker
from evals.answering.samples import read_answers
from evals.correctness import read
from evals.exports.answer_records import record as answer_record
from evals.rivals.api_baseline import ask, jobs, record, rows
from evals.rivals.baselines import jobs as local_jobs
from evals.rivals.baselines import methods
from evals.rivals.methods import solve_chances
from evals.settings import ApiSettings, BaselineSettings, EvaluationSettings
from tests.acdc.chat.chat_server import KEY, MODEL, Answer, serving
from tests.evals.conftest import benchmark
from tests.evals.conftest import rows as questions


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACDC_TEST_KEY", KEY)


def endpoint(url: str = "http://127.0.0.1:9/v1", **changes: Any) -> ApiSettings:
    given = {"base_url": url, "model": MODEL, "key_env": "ACDC_TEST_KEY", "timeout": 5.0, "retries": 0}
    return ApiSettings.model_validate({**given, "price_in": 2.5, "price_out": 10.0, **changes})


@pytest.fixture
def place(tmp_path: Path) -> EvaluationWorker:
    asked = EvaluationSettings(max_n=3, batch=8)
    return EvaluationWorker(
        functools.partial(pytest.fail, "no engine of the family is needed"),
        "family",
        (benchmark("probe_exact", questions(6)),),
        asked,
        tmp_path / "answers.sqlite",
        6,
    )


def even_ones(body: dict[str, Any], number: int) -> Answer:
    """Right on even questions when greedy; sampled, on those whose seed is even."""
    place = int(body["messages"][-1]["content"].split()[-1].rstrip("?"))
    right = body["seed"] % 2 == 0 if body["temperature"] else place % 2 == 0
    return Answer(text=str(place + 1) if right else "no idea")


def test_without_endpoints_there_is_one_row_that_says_so() -> None:
    assert [(row.name, row.not_run) for row in rows({}, 8)] == [("API model", "no endpoint is configured")]


def test_without_its_key_a_row_is_not_run_and_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACDC_TEST_KEY")
    made = rows({"GPT": endpoint(draws=8)}, 8)
    assert [(row.name, bool(row.picks)) for row in made] == [
        ("GPT, once, greedy", False),
        ("GPT × N, T = 0.7", False),
    ]
    assert all("ACDC_TEST_KEY is not set" in row.not_run for row in made)
    assert jobs({"GPT": endpoint(draws=8)}) == {}


def test_an_endpoint_answers_once_and_where_asked_n_times() -> None:
    once, sampled = rows({"GPT": endpoint(draws=8)}, 8)
    assert [(n, pick.temperature, pick.k) for n, (pick,) in once.picks.items()] == [(1, 0.0, 1)]
    assert [(n, pick.temperature, pick.k) for n, (pick,) in sampled.picks.items()][-1] == (8, 0.7, 8)
    assert len(rows({"GPT": endpoint()}, 8)) == 1


def test_its_answers_are_no_job_of_the_familys_engines() -> None:
    settings = BaselineSettings(api={"GPT": endpoint(draws=8)})
    made = methods(settings, {}, ["general", "code"], 8, big=False)
    assert [row.name for row in made if row.group == "api"] == ["GPT, once, greedy", "GPT × N, T = 0.7"]
    wanted = local_jobs(settings, made, lambda name: dict, lambda factor, number: dict, None)
    assert "GPT" not in {job.model.name for _, job in wanted}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"GPT": {"draws": 2}}, r"baselines.api.GPT.draws: 2 .* 8 do"),
        ({"general": {}}, "'general' is already the name of a model of the family"),
    ],
)
def test_rows_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    given = BaselineSettings(api={name: endpoint(**more) for name, more in settings.items()})
    with pytest.raises(InputError, match=message):
        methods(given, {}, ["general", "code"], 8, big=False)


def test_a_token_budget_of_its_own_is_refused() -> None:
    with pytest.raises(ValueError, match="token budget of all methods"):
        endpoint(max_tokens=4000)


def test_answers_become_results_beside_the_others_with_price_day_and_tokens(
    place: EvaluationWorker, tmp_path: Path
) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []
    with serving(even_ones) as server:
        given = {"GPT": endpoint(server.url, draws=4)}
        results = ask(given, place, tmp_path / "api.sqlite", lambda name, event: seen.append((name, event)))
        again = ask(given, place, tmp_path / "api.sqlite")
        paid = len(server.asked)
    assert paid == 6 * (1 + 4)
    assert [result.lines for result in again] == [result.lines for result in results]
    assert seen[-1][0] == "GPT"
    assert seen[-1][1]["done"] == seen[-1][1]["of"] == 30
    write(tmp_path / "baselines", results)
    matrix = read(tmp_path / "baselines" / "probe_exact" / "correctness.json")
    once = rows(given, 3)[0]
    assert solve_chances(once.picks[1], matrix).tolist() == [1, 0, 1, 0, 1, 0]
    assert len(matrix.rows("GPT", 0.7)) == 4
    kept = record(given, results, tmp_path / "api.sqlite")["GPT"]
    assert kept.answers == 30
    assert (kept.prompt_tokens, kept.tokens) == (300, 150)
    assert kept.money == pytest.approx((300 * 2.5 + 150 * 10) / 1e6)
    assert kept.served_as == [f"{MODEL}-2026"]
    assert kept.first == kept.last != ""
    json.dumps(kept)


def test_an_endpoint_that_counts_no_tokens_has_no_numbers_to_choose_by_and_no_usage(
    place: EvaluationWorker, tmp_path: Path
) -> None:
    def uncounted(body: dict[str, Any], number: int) -> Answer:
        return replace(even_ones(body, number), text="" if number == 0 else "7", counts=False)

    with serving(uncounted) as server:
        results = ask({"GPT": endpoint(server.url)}, place, tmp_path / "api.sqlite")
    write(tmp_path / "baselines", results)
    folder = tmp_path / "baselines" / "probe_exact"
    answerers = read(folder / "correctness.json").answerers
    (given,) = read_answers(folder / "samples.jsonl", answerers).values()
    assert {one.reply for one in given.values()} == {"", "7"}
    assert {(one.token_logprobs, one.certainties) for one in given.values()} == {(None, None)}
    samples = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
    assert not any("token_usage" in answer_record(sample, {}) for sample in samples)


@pytest.mark.parametrize("status", [503, 401])
def test_an_endpoint_that_fails_stops_the_stage_with_its_own_reason(
    place: EvaluationWorker, tmp_path: Path, status: int
) -> None:
    def fails_on_the_third(body: dict[str, Any], number: int) -> Answer:
        return (
            even_ones(body, number) if number != 2 else Answer(status=status, error={"message": "not today"})
        )

    with serving(fails_on_the_third) as server:
        given = {"GPT": endpoint(server.url, concurrency=1)}
        if status == 503:  # the harness asks a failed batch again
            assert ask(given, place, tmp_path / "api.sqlite")[0].correctness["probe_exact"].missing.sum() == 0
            assert len(server.asked) == 7
        else:
            with pytest.raises(InfrastructureError, match="not today"):
                ask(given, place, tmp_path / "api.sqlite")
            assert len(server.asked) == 3
