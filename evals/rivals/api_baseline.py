"""Models behind endpoints as rivals: their rows, their answers, and what those cost (method, section 7).

An endpoint is asked for one answer a question, and for N samples where settings say so. Without its key the row says "not run". What was
asked, when, and for how much stands in `baselines.json` under `api`: an endpoint is another one next month, so the day belongs to the number.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from acdc.errors import InputError
from evals.answering.api_ledger import ApiLedger
from evals.answering.api_model import ApiModel, identity, not_run
from evals.answering.harness import Job, Model
from evals.answering.jobs import EvaluationWorker, Result, work_through
from evals.rivals.methods import Method, Pick
from evals.settings import ApiSettings

_BATCHES = 4  # answers between two signs of progress, in times of what is asked at once
NOT_CONFIGURED = Method(name="API model", group="api", not_run="no endpoint is configured")


def rows(given: Mapping[str, ApiSettings], most: int) -> list[Method]:
    """The rows of the table; one that says why there is none where no endpoint is configured.

    Args:
        given: `baselines.api`.
        most: Largest N.

    Raises:
        InputError: Fewer samples are asked for than the largest N.
    """
    found = []
    for name, settings in given.items():
        if 0 < settings.draws < most:
            raise InputError(
                f"baselines.api.{name}.draws: {settings.draws} samples a question do not make N = {most}; {most} do, 0 leaves the row out"
            )
        reason = not_run(settings)
        once = {} if reason else {1: (Pick(models=(name,)),)}
        found.append(Method(name=f"{name}, once, greedy", group="api", picks=once, not_run=reason))
        if settings.draws:
            picks = {
                n: (Pick(models=(name,), temperature=settings.temperature, k=n),) for n in range(1, most + 1)
            }
            found.append(
                Method(
                    name=f"{name} × N, T = {settings.temperature:g}",
                    group="api",
                    picks={} if reason else picks,
                    not_run=reason,
                )
            )
    return found or [NOT_CONFIGURED]


def jobs(given: Mapping[str, ApiSettings]) -> dict[str, list[Job]]:
    """What is asked of each endpoint that can be asked."""
    found: dict[str, list[Job]] = {}
    for name, settings in given.items():
        if not not_run(settings):
            of_endpoint = identity(settings)  # answers are paid for: their streams stay as they are
            model = Model(name, functools.partial(dict), of_endpoint, (of_endpoint,))
            found[name] = [Job(model)]
            if settings.draws:
                found[name].append(Job(model, settings.temperature, settings.draws))
    return found


def ask(
    given: Mapping[str, ApiSettings],
    evaluation_worker: EvaluationWorker,
    ledger: Path,
    on_event: Callable[[str, dict[str, Any]], None] = lambda name, event: None,
) -> list[Result]:
    """The answers of all endpoints that can be asked, one endpoint after another, each as many calls at a time as it allows.

    Args:
        given: `baselines.api`.
        evaluation_worker: Benchmarks, settings, cache and sandbox, as for the family's models.
        ledger: The file that keeps replies.
        on_event: Receives an endpoint's name and its progress.

    Raises:
        InfrastructureError: An endpoint is out of reach, refuses or its budget is spent; every reply that came is kept.
    """
    results: list[Result] = []
    for name, wanted in jobs(given).items():
        model = ApiModel(name, given[name], ledger)
        own = replace(
            evaluation_worker,
            engine=functools.partial(_same, model),
            template=model.version,
            settings=evaluation_worker.settings.model_copy(
                update={"batch": _BATCHES * given[name].concurrency}
            ),
        )
        # Harness and cache treat a batch that failed as missing; of an endpoint the reason must not be lost.
        results += work_through(
            [own], [(0, job) for job in wanted], report=functools.partial(_told, on_event, name)
        )
        if model.failure is not None:
            raise model.failure
    return results


class Spent(NamedTuple):
    """What an endpoint was asked and what that cost.

    Attributes:
        model: Name in the settings.
        served_as: Names that the endpoint gave.
        first: Day of the first reply.
        last: Day of the last.
        answers: How many.
        prompt_tokens: Read in all.
        tokens: Written in all.
        price_in: Of a million tokens read.
        price_out: Of a million tokens written.
        money: In all.
    """

    model: str
    served_as: list[str]
    first: str
    last: str
    answers: int
    prompt_tokens: int
    tokens: int
    price_in: float
    price_out: float
    money: float


def record(given: Mapping[str, ApiSettings], results: Sequence[Result], ledger: Path) -> dict[str, Spent]:
    """What is kept beside the numbers: model, days, prices, tokens and money of each endpoint that was asked.

    Args:
        given: `baselines.api`.
        results: Of :func:`ask`.
        ledger: The file that kept the replies.
    """
    found: dict[str, Spent] = {}
    for name in jobs(given):
        matrices = [
            matrix
            for result in results
            for matrix in result.correctness.values()
            if matrix.answerers[0].model == name
        ]
        prompts, tokens = (
            sum(int(getattr(matrix, part).sum()) for matrix in matrices)
            for part in ("prompt_tokens", "tokens")
        )
        kept = ApiLedger(ledger)
        total = kept.total(f"api:{name}")
        kept.close()
        settings = given[name]
        found[name] = Spent(
            settings.model,
            list(total.models),
            total.first,
            total.last,
            sum(matrix.correct.size for matrix in matrices),
            prompts,
            tokens,
            settings.price_in,
            settings.price_out,
            (prompts * settings.price_in + tokens * settings.price_out) / 1e6,
        )
    return found


def _same(model: ApiModel) -> ApiModel:
    return model


def _told(on_event: Callable[[str, dict[str, Any]], None], name: str, **event: Any) -> None:
    on_event(name, event)
