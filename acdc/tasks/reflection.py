"""From first drafts to accepted tasks: run, solve, feed back, repair, up to a few rounds.

The same steps for every scientist. A task is accepted when its source runs in the sandbox, its scientist calls it done, and
``score`` gives the scientist's own solution of the first example 1 (with ``require_self_solve``; without, any valid score:
a reference that cannot be scored could never tell whose fault a failure is).

A solution whose ``score`` asks for a judgement is judged as any individual's is, but an outage of the judge ends the run, to be taken up
again, as an outage of the scientist does: a task must not depend on who could be reached.

Source: section 4 of the method. Difference to the released code: what is judged and kept is the draft as it is at the end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from acdc.judging.extract import extract
from acdc.judging.judge import Judge
from acdc.judging.requests import judged
from acdc.judging.verdict import NO_ANSWER_JUDGE
from acdc.sandbox import Job, Outcome, Sandbox, TaskError
from acdc.tasks.scientist import Draft, Reason, Rejection, Request, Scientist, Unfinished, rejected
from acdc.tasks.settings import TaskSettings
from acdc.tasks.task_family import Example, TaskFamily

Fits = Callable[[str], str]


def anything_fits(instructions: str) -> str:
    """Where the answering models are not known, nothing is too long."""
    return ""


@dataclass(frozen=True)
class Checker:
    """What a draft has to pass.

    Attributes:
        box: An open sandbox.
        settings: Rounds, examples, and whether a solution must score 1.
        judge: Who judges what ``score`` cannot; None: who asks for that is rejected.
        fits: Why instructions are too long for the models that are to answer; "" where they are not.
    """

    box: Sandbox
    settings: TaskSettings
    judge: Judge | None = None
    fits: Fits = anything_fits


@dataclass(frozen=True)
class _Described:
    """A draft that ran or did not (``error``), with the examples that the sandbox found in it."""

    task: Unfinished
    examples: tuple[Example, ...] = ()
    error: str = ""
    reason: Reason = "runs-not"


def _described(task: Unfinished, checker: Checker) -> _Described:
    try:
        description = checker.box.describe(task.draft.source)
    except TaskError as error:
        return _Described(replace(task, feedback=f"The task does not run: {error}"), error=str(error))
    found = tuple(
        Example(name, description.instructions.get(name, ""))
        for name in list(description.tasks)[: checker.settings.examples_per_task]
    )
    if not found or not all(example.instructions.strip() for example in found):
        problem = "get_tasks returned no task" if not found else "get_instructions returned an empty text"
        return _Described(replace(task, feedback=problem), error=problem)
    too_long = next(filter(None, (checker.fits(example.instructions) for example in found)), "")
    if too_long:
        return _Described(replace(task, feedback=too_long), error=too_long, reason="too-long")
    return _Described(replace(task, instructions=found[0].instructions), found)


def _solved(described: Sequence[_Described], scientist: Scientist) -> list[_Described]:
    """Every draft that runs with a solution of its first example."""
    asked = [one.task for one in described if not one.error and one.task.draft.solution is None]
    replies = iter(scientist.solve(asked) if asked else [])
    return [
        one
        if one.error or one.task.draft.solution is not None
        else replace(one, task=replace(one.task, draft=replace(one.task.draft, solution=next(replies))))
        for one in described
    ]


def _submission(draft: Draft) -> str:
    return extract(draft.solution or "", draft.is_code)


def _scored(described: Sequence[_Described], checker: Checker) -> list[Outcome | None]:
    """What ``score`` gives each solution; None for drafts that do not run. One batch."""
    running = [one for one in described if not one.error]
    jobs = [Job(one.task.draft.source, one.examples[0].task, _submission(one.task.draft)) for one in running]
    found = checker.box.score(jobs) if jobs else []
    labels = [f"{one.task.request.id}/self/{one.task.round}" for one in running]
    outcomes = iter(judged(found, labels, checker.judge, outage_is_missing=False))
    return [None if one.error else next(outcomes) for one in described]


def _failure(one: _Described, outcome: Outcome | None, settings: TaskSettings) -> tuple[Reason, str] | None:
    """Why a draft cannot be accepted as it is; None where it can."""
    if outcome is None:
        return one.reason, one.error
    if outcome.request is not None:
        return "no-judge", f"{NO_ANSWER_JUDGE}. It must return a number"
    if outcome.error is not None or outcome.score is None:
        return (
            "self-solve",
            f"score failed on the solution: {outcome.error or 'no score'} {outcome.detail}".strip(),
        )
    if not 0 <= outcome.score <= 1:
        return "self-solve", f"score returned {outcome.score}, which is not within [0, 1]"
    if settings.require_self_solve and outcome.score < 1:
        return "self-solve", f"score gave the solution {outcome.score:g}"
    return None if one.task.draft.done else ("not-done", "the scientist did not call it done")


def _accepted(one: _Described) -> TaskFamily:
    draft, request = one.task.draft, one.task.request
    return TaskFamily(
        id=request.id,
        source=draft.source,
        name=draft.name,
        description=draft.description,
        capability=draft.capability,
        difficulty=draft.difficulty,
        example_instruction=one.examples[0].instructions,
        reference=_submission(draft),
        is_code=draft.is_code,
        provenance=request.provenance,
        examples=one.examples,
    )


def checked(
    requests: Sequence[Request],
    first_drafts: Callable[[Sequence[Request]], list[Draft | Rejection]],
    scientist: Scientist,
    checker: Checker,
) -> list[TaskFamily | Rejection]:
    """Asks for tasks and brings each through its checks.

    Args:
        requests: One micro-batch.
        first_drafts: ``scientist.propose``, ``scientist.adapt``, or what gives the seeds.
        scientist: Solves and repairs.
        checker: What they have to pass.

    Returns:
        For each request the accepted task or the rejection with its last draft, in order.

    Raises:
        InfrastructureError: The sandbox, the scientist or the judge is out of reach.
    """
    settings = checker.settings
    results: dict[str, TaskFamily | Rejection] = {}
    pending: list[Unfinished] = []
    for request, draft in zip(requests, first_drafts(requests), strict=True):
        if isinstance(draft, Rejection):
            results[request.id] = draft
        else:
            pending.append(Unfinished(request, draft))
    for round_ in range(settings.reflections + 1):
        described = _solved([_described(one, checker) for one in pending], scientist)
        pending = []
        for one, outcome in zip(described, _scored(described, checker), strict=True):
            failure = _failure(one, outcome, settings)
            if failure is None:
                results[one.task.request.id] = _accepted(one)
                continue
            results[one.task.request.id] = rejected(one.task.request, *failure, one.task.draft)
            pending.append(replace(one.task, feedback=failure[1]))
        if not pending or round_ == settings.reflections:
            break
        revisions = zip(pending, scientist.reflect(pending), strict=True)
        pending = []
        for task, draft in revisions:
            if isinstance(draft, Rejection):
                results[task.request.id] = draft
            else:
                pending.append(task.revised(draft))
    return [results[request.id] for request in requests]
