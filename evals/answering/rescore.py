"""Given replies to a benchmark's questions, scored exactly as an evaluation would: for debugging, and to check us.

lm-eval's task code judges, with the filter and metric that evaluations use; programs run in the sandbox, open answers go
to the judge model, all records are asked, whether or not they need their options. A reply is cut
at the task's stop strings first, since an engine would have stopped there.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acdc.errors import InputError
from evals.answering.answer_cache import Reply
from evals.answering.group_benchmark_run import open_benchmark_run
from evals.answering.harness import run_of, verdict_of
from evals.answering.judged_answers import opened_judge, require_judge, verdicts
from evals.benchmarks import registry
from evals.benchmarks.functions import named

if TYPE_CHECKING:
    from acdc.chat.settings import JudgeSettings
    from acdc.sandbox import SandboxSettings
    from evals.answering.benchmark_run import BenchmarkRun

Row = dict[str, Any]
_SUITE = "paper"


def score(
    benchmark: str,
    records: Path,
    replies: Path,
    sandbox: "SandboxSettings",
    judge: "JudgeSettings | None" = None,
) -> list[Row]:
    """Verdicts of given replies.

    Args:
        benchmark: Name of one that reads records, or a YAML file of one's own.
        records: The benchmark's records, JSON lines or Parquet in their original fields.
        replies: JSON lines with `reply` and either `id` or `position` (from 0) of the record; several replies to one
            record may be given.
        sandbox: How programs are run.
        judge: Who judges open answers.

    Returns:
        For each reply, in order: `id`, `correct` (None: could not be judged), `extracted`, and `error` where the sandbox
        stopped a program.

    Raises:
        InputError: The benchmark is unknown, a file is not what it should be, or no judge is named where one is needed.
        InfrastructureError: There is no sandbox that can be trusted, or the judge refuses.
    """
    data = dict.fromkeys(registry.data_names(_SUITE, [benchmark]), records)
    (found,) = registry.find(_SUITE, [benchmark], seed=0, questions=1, data=data)
    given = _replies(replies)
    benchmark_run = open_benchmark_run(found, lambda user, system: f"{system}\n{user}", "plain")
    shown = named(found.metadata["shown"]) if "shown" in found.metadata else str
    places = {question.id: place for place, question in enumerate(benchmark_run.questions)}
    order = _order(found, places)
    asked = [_place(row, number, order, places, replies) for number, row in enumerate(given, 1)]
    samples: list[Row] = []
    for rows in _rounds(asked):
        texts = [
            _reply(benchmark_run, given, rows.get(place)) for place in range(len(benchmark_run.questions))
        ]
        graded = benchmark_run.grade(texts)
        open_ = (
            benchmark_run.open_answers(texts) if benchmark_run.scored_by == "judge" else [None] * len(texts)
        )
        samples += [
            graded[place] | {"number": number, "asked": open_[place]} for place, number in rows.items()
        ]
    samples.sort(key=lambda sample: sample["number"])
    if benchmark_run.scored_by == "judge":
        _ask(require_judge(judge, [benchmark]), samples)
    return _judged(benchmark_run, samples, sandbox, shown)


def _ask(settings: "JudgeSettings", samples: Sequence[Row]) -> None:
    with opened_judge(settings) as judge:
        said = verdicts(judge, None, [sample["asked"] for sample in samples])
    for sample in samples:
        word = said[sample["asked"]]
        sample["correct"] = None if word is None else word == "pass"


def _replies(path: Path) -> list[Row]:
    rows = registry.read_rows(path)
    for number, row in enumerate(rows, 1):
        if not isinstance(row.get("reply"), str):
            raise InputError(f"{path}, line {number}: the text `reply` is missing")
        if ("id" in row) == ("position" in row):
            raise InputError(f"{path}, line {number}: say which record it answers by `id` or by `position`")
    return rows


def _order(benchmark: registry.Benchmark, places: dict[str, int]) -> list[str]:
    """Ids in the order of the file; a benchmark run of several tasks may ask in another."""
    return [*places] if benchmark.rows is None else [str(row["id"]) for row in benchmark.rows()]


def _place(row: Row, number: int, order: Sequence[str], places: dict[str, int], path: Path) -> int:
    """Which question of the benchmark run a reply answers."""
    if "id" in row:
        if str(row["id"]) not in places:
            raise InputError(f"{path}, line {number}: there is no record with id {row['id']!r}")
        return places[str(row["id"])]
    position = row["position"]
    if not isinstance(position, int) or isinstance(position, bool) or not 0 <= position < len(order):
        raise InputError(
            f"{path}, line {number}: position {position!r}; there are records 0 to {len(order) - 1}"
        )
    return places[order[position]]


def _rounds(asked: Sequence[int]) -> list[dict[int, int]]:
    """Replies as few sets with at most one reply a question: place in the benchmark run to number of the reply."""
    rounds: list[dict[int, int]] = []
    seen: dict[int, int] = {}
    for number, place in enumerate(asked):
        turn = seen.get(place, 0)
        seen[place] = turn + 1
        if turn == len(rounds):
            rounds.append({})
        rounds[turn][place] = number
    return rounds


def _reply(benchmark_run: "BenchmarkRun", given: Sequence[Row], number: int | None) -> Reply | None:
    if number is None:
        return None
    text: str = given[number]["reply"]
    for stop in benchmark_run.sampling(0.0, 1.0).stop:
        text = text.split(stop)[0] if stop else text
    return Reply(text, "stop", 0, 0)


def _judged(
    benchmark_run: "BenchmarkRun",
    samples: Sequence[Row],
    sandbox: "SandboxSettings",
    shown: Callable[[str], str],
) -> list[Row]:
    errors: list[str | None] = [None] * len(samples)
    if benchmark_run.scored_by == "sandbox":
        from acdc.sandbox import Sandbox

        with Sandbox.open(sandbox) as box:
            verdicts = [verdict_of(outcome) for outcome in box.score([run_of(sample) for sample in samples])]
        for sample, verdict in zip(samples, verdicts, strict=True):
            sample["correct"] = verdict.correct
        errors = [verdict.error for verdict in verdicts]
    return [
        {
            "id": sample["question_id"],
            "correct": sample["correct"],
            "extracted": shown(_text(sample["filtered_resps"])),
            "error": error,
        }
        for sample, error in zip(samples, errors, strict=True)
    ]


def _text(filtered: Any) -> str:
    while isinstance(filtered, list) and filtered:
        filtered = filtered[0]
    return filtered if isinstance(filtered, str) else ""
