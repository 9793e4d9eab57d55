"""How the task pool begins and goes on: ask the scientist, check, keep what is new.

Pure functions of (pool, pass rates, settings, seed): every choice is drawn from a stream named after what it is for, requests
are numbered in the order in which they are made, and what a scientist or sandbox finishes first changes nothing.

Source: section 4 of the method. Differences to the released code: inspirations are drawn afresh for each request, novelty is
judged on the final text, and *easier* can happen.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from acdc.errors import NotEnoughDataError
from acdc.judging.judge import Judge
from acdc.numbers.digits import fixed
from acdc.numbers.margins import Margins
from acdc.sandbox import Sandbox
from acdc.streams import key, stream
from acdc.tasks.novelty import Embedder, Verdict, verdicts
from acdc.tasks.pool import Event, Pool, Waiting, settle, within_cap, without_unsolved
from acdc.tasks.reflection import Checker, Fits, anything_fits, checked
from acdc.tasks.scientist import Draft, Rejection, Request, Scientist, rejected_task
from acdc.tasks.settings import TaskSettings
from acdc.tasks.static import from_file, frozen, rotated
from acdc.tasks.task_family import Kind, TaskFamily, age, task_id

Result = TaskFamily | Rejection


class Staff(NamedTuple):
    """Those whom the pool asks.

    Attributes:
        scientist: Writes the tasks.
        box: An open sandbox.
        embedder: For novelty.
        judge: Judges free answers to tasks that ask for it; None: such tasks are rejected.
        fits: Why instructions are too long for the individuals; "" where they are not.
        margins: Takes how near cosines and pass rates came to their thresholds.
    """

    scientist: Scientist
    box: Sandbox
    embedder: Embedder
    judge: Judge | None = None
    fits: Fits = anything_fits
    margins: Margins | None = None

    def checker(self, settings: TaskSettings) -> Checker:
        """What their drafts have to pass."""
        return Checker(self.box, settings, self.judge, self.fits)


class _Run(NamedTuple):
    """Those who are asked, and what decides about their requests."""

    staff: Staff
    settings: TaskSettings
    seed: int

    def checked(
        self,
        requests: Sequence[Request],
        first_drafts: Callable[[Sequence[Request]], list[Draft | Rejection]],
    ) -> list[TaskFamily | Rejection]:
        """The results of one micro-batch of requests."""
        checker = self.staff.checker(self.settings)
        return checked(requests, first_drafts, self.staff.scientist, checker)


def initial(staff: Staff, settings: TaskSettings, seed: int) -> tuple[Pool, list[Event]]:
    """The first pool: the seed tasks, its oldest members, and what grew from them.

    Requests go out in micro-batches until ``initial_target`` tasks have passed their checks or ``initial_attempts`` were made; then
    the novelty filter goes through them in order, and what is beyond the cap is left out. A static pool of ``choice_tasks`` asks
    for more in proportion, and goes on asking where the filter left too few. With a file as ``source`` no scientist is asked.

    Args:
        staff: Scientist, open sandbox, embedder.
        settings: Numbers and rules.
        seed: The run seed.

    Raises:
        InputError: The file of tasks cannot be read, or one of them fails its checks.
        NotEnoughDataError: No seed task passes its checks.
        InfrastructureError: Sandbox or scientist out of reach.
    """
    if settings.source is not None:
        return from_file(settings.source, staff.scientist, staff.checker(settings), seed)
    run = _Run(staff, settings, seed)
    results, seeds = _seed_tasks(run)
    number = len(seeds) + len(results)
    size = max(settings.choice_tasks or 0, settings.cap) if settings.static else settings.cap
    target = math.ceil(settings.initial_target * size / settings.cap)
    last = number + math.ceil(settings.initial_attempts * size / settings.cap)
    accepted = list(seeds)
    while True:
        found: list[TaskFamily] = []
        while len(found) < target and number < last:
            requests = [
                _first_request(run, task_id(i), [*accepted, *found])
                for i in range(number, min(number + settings.micro_batch, last))
            ]
            number += len(requests)
            asked = run.checked(requests, staff.scientist.propose)
            results += [one for one in asked if isinstance(one, Rejection)]
            found += [one for one in asked if isinstance(one, TaskFamily)]
        new, doubles = _novel(run, found, accepted)
        accepted += new
        results += doubles
        if not settings.static or number >= last or len(accepted) >= size:
            break
        target = size - len(accepted)
    results += accepted[:size] + [_left_out(one) for one in accepted[size:]]
    pool = replace(Pool({}, ()).with_tasks(accepted[:size]), next_number=number)
    events = _told(results, 0)
    if not settings.static:
        return pool, events
    pool, entered = frozen(pool, settings, seed)
    return pool, events + entered


def due(generation: int, settings: TaskSettings) -> bool:
    """Whether :func:`evolve` is called at the end of this generation."""
    return generation > 0 and generation % settings.interval == 0


def evolve(
    pool: Pool,
    pass_rates: Mapping[str, float],
    staff: Staff,
    settings: TaskSettings,
    seed: int,
    generation: int,
) -> tuple[Pool, list[Event]]:
    """The pool one interval later, and what happened.

    First limbo: a child that an individual passes takes its parent's place; where all children proved impossible, the parent
    returns. Then parents are drawn and adapted, and those made harder or easier go into limbo. New tasks are checked and filtered
    for novelty. Last, tasks that no individual passes leave, then the oldest beyond the cap. A static pool only moves its window.

    Args:
        pool: The pool as it was.
        pass_rates: For each active task the share of the archive that passes it, in [0, 1]. A task without one (its column is
            not complete) is neither drawn nor removed.
        staff: Scientist, open sandbox, embedder.
        settings: Numbers and rules.
        seed: The run seed.
        generation: The generation that has just ended.

    Raises:
        InfrastructureError: Sandbox or scientist out of reach; the pool is as it was.
    """
    if not settings.evolves:
        return rotated(pool, settings, generation)
    run = _Run(staff, settings, seed)
    settled, events, lost = _news_of_children(pool, pass_rates, generation)
    known = [one for one in settled.active if one in pass_rates and one not in lost]
    requests = [
        _adaptation(run, settled, known, pass_rates, generation, i)
        for i in range(settings.adapt if known else 0)
    ]
    results: list[Result] = []
    for start in range(0, len(requests), settings.micro_batch):
        batch = requests[start : start + settings.micro_batch]
        results += run.checked(batch, staff.scientist.adapt)
    new, doubles = _novel(
        run, [one for one in results if isinstance(one, TaskFamily)], list(pool.tasks.values())
    )
    failed = [one for one in results if isinstance(one, Rejection)] + doubles
    told = _told([*new, *failed], generation)

    grown, waiting = _into_limbo(settled, requests, generation)
    grown = replace(grown, next_number=pool.next_number + len(requests)).with_tasks(new)
    after, back = settle(grown, lost=[one.id for one in failed], held=(), generation=generation)
    after, removed = without_unsolved(after, pass_rates, generation)
    if not after.active:  # the minimal criterion never empties the pool
        kept = replace(grown, limbo=()).with_active(pool.active)
        return kept, told
    after, pruned = within_cap(after, settings.cap, generation)
    return after, [*events, *told, *waiting, *back, *removed, *pruned]


def _told(results: Sequence[Result], generation: int) -> list[Event]:
    """What became of requests, in their order."""
    return [
        Event("rejected", one.id, generation, one.reason, one)
        if isinstance(one, Rejection)
        else Event("accepted", one.id, generation, one.provenance.kind)
        for one in sorted(results, key=lambda one: age(one.id))
    ]


def _seed_tasks(run: _Run) -> tuple[list[Result], list[TaskFamily]]:
    """Rejections among the seeds, and the seeds that passed; both have used up their ids."""
    drafts = [
        draft for draft in run.staff.scientist.seeds() if run.settings.code_seed_tasks or not draft.is_code
    ]
    requests = [
        Request(task_id(i), "seed", 0, key(run.seed, "task request", task_id(i))) for i in range(len(drafts))
    ]
    results = run.checked(requests, lambda _: list(drafts))
    seeds = [one for one in results if isinstance(one, TaskFamily)]
    if not seeds:
        reasons = "; ".join(one.detail for one in results if isinstance(one, Rejection))
        raise NotEnoughDataError(f"No seed task passes its checks: {reasons or 'there is no seed task'}.")
    return [one for one in results if isinstance(one, Rejection)], seeds


def _first_request(run: _Run, identity: str, known: Sequence[TaskFamily]) -> Request:
    """A request for the initial pool: parent and inspirations from everything accepted so far."""
    rng = stream(run.seed, "task parent", identity)
    drawn = [known[int(i)] for i in rng.permutation(len(known))[: 1 + run.settings.inspirations]]
    kind: Kind = "novel" if rng.random() < run.settings.p_novel else "similar"
    return Request(
        identity, kind, 0, key(run.seed, "task request", identity), drawn[0], None, tuple(drawn[1:])
    )


def _adaptation(
    run: _Run, pool: Pool, known: Sequence[str], pass_rates: Mapping[str, float], generation: int, index: int
) -> Request:
    """The ``index``-th request of an evolution; parents are drawn with replacement."""
    identity, settings = task_id(pool.next_number + index), run.settings
    rng = stream(run.seed, "task parent", identity)
    parent = known[int(rng.integers(len(known)))]
    rate = pass_rates[parent]
    kind: Kind = "related" if rng.random() < settings.p_related else "free"
    compare = (run.staff.margins or Margins()).compare
    if compare("pass rate", rate, settings.easy_threshold) > 0:
        kind = "harder"
    elif compare("pass rate", rate, settings.hard_threshold) < 0:
        kind = "easier"
    others = [one for one in pool.active if one != parent]
    inspirations = [others[int(i)] for i in rng.permutation(len(others))[: settings.inspirations]]
    return Request(
        identity,
        kind,
        generation,
        key(run.seed, "task request", identity),
        pool.tasks[parent],
        rate,
        tuple(pool.tasks[one] for one in inspirations),
    )


def _novel(
    run: _Run, found: Sequence[TaskFamily], history: Sequence[TaskFamily]
) -> tuple[list[TaskFamily], list[Rejection]]:
    """What of the checked tasks is new, and the others as rejections."""
    staff, settings = run.staff, run.settings.novelty
    judged = verdicts(
        found, history, staff.embedder, staff.scientist, settings, run.seed, margins=staff.margins
    )
    new = [task for task, verdict in zip(found, judged, strict=True) if verdict.novel]
    return new, [
        _double(task, verdict) for task, verdict in zip(found, judged, strict=True) if not verdict.novel
    ]


def _double(task: TaskFamily, verdict: Verdict) -> Rejection:
    near = ", ".join(f"{one.id} ({fixed(one.cosine, 3)})" for one in verdict.neighbours)
    return rejected_task(task, "not-novel", f"nearest: {near}")


def _left_out(task: TaskFamily) -> Rejection:
    return rejected_task(task, "full", "the first pool was full")


def _into_limbo(pool: Pool, requests: Sequence[Request], generation: int) -> tuple[Pool, list[Event]]:
    """Parents that are being made harder or easier wait outside, each once, for all its children."""
    children: dict[str, list[str]] = {}
    rates: dict[str, float] = {}
    for request in requests:
        if request.kind in ("harder", "easier") and request.parent is not None:
            children.setdefault(request.parent.id, []).append(request.id)
            rates[request.parent.id] = request.parent_pass_rate or 0.0
    waiting = tuple(Waiting(parent, tuple(ids), rates[parent]) for parent, ids in children.items())
    outside = replace(pool, limbo=(*pool.limbo, *waiting))
    outside = outside.with_active(one for one in pool.active if one not in children)
    return outside, [Event("limbo", parent, generation, ", ".join(ids)) for parent, ids in children.items()]


def _news_of_children(
    pool: Pool, pass_rates: Mapping[str, float], generation: int
) -> tuple[Pool, list[Event], set[str]]:
    """Limbo after the first generations of the children, and the children that no individual passes."""
    children = [child for one in pool.limbo for child in one.children]
    held = [child for child in children if pass_rates.get(child, 0.0) > 0]
    # A child that left the pool unmeasured (pruned at once) cannot hold any more.
    lost = {child for child in children if pass_rates.get(child) == 0 or child not in (*pool.active, *held)}
    settled, events = settle(pool, lost, held, generation)
    return settled, events, lost
