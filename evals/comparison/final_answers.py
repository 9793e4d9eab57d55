"""One final answer a question: what each method of a comparison reaches with each way to choose (method, section 8).

The task force of each run is chosen from as it is. Of a rival that was sampled more often than N times, several sets of N samples are
chosen from, draw by draw, and the mean counts; random and perfect choice are taken of the same sets, so that efficiency compares like with
like. Therefore `covered` of a sampled rival may differ a little from its coverage in the main table, which uses all its samples.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from evals.best_of_n.document import FinalAnswer, FinalAnswers, JudgeUse, Share
from evals.best_of_n.equivalence import compared_by
from evals.best_of_n.judge_rounds import Rounds
from evals.best_of_n.position_bias import position_bias
from evals.best_of_n.registry import JUDGE, REWARDS, needs
from evals.best_of_n.settings import PUBLISHED, BestOfNSettings, kind_of
from evals.comparison.estimates import Estimates
from evals.comparison.evidence import Entry
from evals.comparison.selection import BenchmarkSelection, Cell, SelectionTotals, Tools, Ways
from evals.settings import ComparisonSettings
from evals.statistics.bootstrap import Means, mean_of
from evals.statistics.resampling import percentile_interval

_GROUPS = ("ours", "experts", "control", "even", "noise", "big", "api")
_LEAST_ROOM = 1e-6
_NO_NUMBERS = {
    "token_logprobs": "answers of the task force come with no log-probabilities; models behind endpoints give none, others do once they are "
    "evaluated again",
    "certainties": "answers of the task force come with no self-certainty; `engine.kind: transformers` gives it once models are "
    "evaluated again, vllm and endpoints do not tell the probabilities of a whole vocabulary, and it is infinite where a model rules a "
    "token out",
}


Key = tuple[str, int, str]


def final_answers(
    estimates: Estimates, comparison: ComparisonSettings, settings: BestOfNSettings, tools: Tools
) -> FinalAnswers:
    """Choose, for the task force and its rivals at the sizes of claims.

    Args:
        estimates: Every method; intervals come from its resamples.
        comparison: Sizes, and which variants are rivals.
        settings: Ways to choose.
        tools: Judge, reward model, questions.

    Raises:
        InputError: Samples are missing.
        InfrastructureError: The judge is out of reach; what it said is kept.
    """
    evidence = estimates.evidence
    cells = [
        (entry, n)
        for entry in evidence.entries
        if entry.group in _GROUPS or entry.variant in comparison.search_controls
        for n in _sizes(entry, comparison.claim_sizes)
    ]
    not_run = {name: why for name in settings.selectors if (why := _lacks(name, evidence.benchmarks, tools))}
    names = [name for name in settings.selectors if name not in not_run]
    rounds = Rounds(tools.judge) if tools.judge is not None else None
    ways = Ways(estimates.statistics.seed, settings, tools, rounds)
    all_totals: dict[Key, SelectionTotals] = {}
    pairs: list[tuple[str, str, str]] = []
    without: dict[str, set[str]] = {}
    for benchmark in evidence.benchmarks:
        here = BenchmarkSelection(evidence, benchmark, cells, names, ways)
        for name, methods in here.lacking.items():
            without.setdefault(name, set()).update(methods)
        for entry, n in cells:
            for name in (name for name in names if entry.id not in without.get(name, ())):
                here.vote(entry, n, name, all_totals.setdefault((entry.id, n, name), SelectionTotals()))
        pairs += here.pairs(-(-settings.bias_pairs // len(evidence.benchmarks)))
    ours = {entry.id for entry, _ in cells if entry.group == "ours"}
    not_run |= {
        name: next(why for part, why in _NO_NUMBERS.items() if part in needs(name))
        for name, methods in without.items()
        if methods & ours
    }
    names = [name for name in names if name not in not_run]
    judged = rounds is not None and rounds.replies
    return FinalAnswers(
        rows=_rows(estimates, cells, names, all_totals, without),
        not_run=not_run,
        without={name: sorted(without[name]) for name in names if without.get(name)},
        judge=_judge(rounds, tools, pairs[: settings.bias_pairs]) if rounds is not None and judged else None,
        compared_by=compared_by(maths=any(kind_of(name) in ("maths", "") for name in evidence.benchmarks)),
    )


def _sizes(entry: Entry, claimed: Sequence[int]) -> list[int]:
    """N of claims that a method has; of one that answers once only, that."""
    return [1] if entry.sizes() == [1] else [n for n in claimed if n in entry.sizes()]


def _lacks(name: str, benchmarks: Sequence[str], tools: Tools) -> str:
    """What a way to choose needs and has not; empty where it can be tried."""
    needed = {name}
    if name == "published":
        needed = {PUBLISHED[kind] for kind in map(kind_of, benchmarks) if kind in PUBLISHED}
        if not needed:
            return "of none of these benchmarks a way to choose was published"
    wanted = frozenset().union(*map(needs, needed))
    if JUDGE in wanted and tools.judge is None:
        return tools.no_judge
    if REWARDS in wanted and tools.rewards is None:
        return "no reward model is configured (best_of_n.reward_model)"
    return ""


def _rows(
    estimates: Estimates,
    cells: Sequence[Cell],
    names: Sequence[str],
    all_totals: Mapping[Key, SelectionTotals],
    without: Mapping[str, Collection[str]],
) -> list[FinalAnswer]:
    parts = ("chosen", "random", "covered")
    means = {
        key: {part: estimates.fixed.means(getattr(totals, part)) for part in parts}
        for key, totals in all_totals.items()
        if key[2] in names and key[0] not in without.get(key[2], ())
    }
    ours = [cell for cell in cells if cell[0].group == "ours"]
    found = []
    for entry, n in cells:
        # A model that answers once is a rival at every N, as in the table of claims.
        against = [] if entry.group == "ours" else [size for _, size in ours if size == n or n == 1]
        for name in names:
            key = (entry.id, n, name)
            if key not in means:
                continue
            row = _row(estimates, key, all_totals[key], means[key])
            found += [row] if not against else []
            for size in against:
                other = (ours[0][0].id, size, name)
                difference = mean_of(all_totals[other].chosen) - mean_of(all_totals[key].chosen)
                gain = _share(estimates, difference, means[other]["chosen"] - means[key]["chosen"])
                found.append(row.model_copy(update={"gain": gain, "ours_n": size}))
    return found


def _row(estimates: Estimates, key: Key, totals: SelectionTotals, means: Mapping[str, Means]) -> FinalAnswer:
    chosen, random, covered = (mean_of(part) for part in (totals.chosen, totals.random, totals.covered))
    efficiency = None
    if covered - random > _LEAST_ROOM:
        room = means["covered"] - means["random"]
        some = room > _LEAST_ROOM
        ratios = (means["chosen"] - means["random"])[some] / room[some]
        efficiency = _share(estimates, (chosen - random) / (covered - random), ratios)
    return FinalAnswer(
        method=key[0],
        n=key[1],
        selector=key[2],
        chosen=_share(estimates, chosen, means["chosen"]),
        random=random,
        covered=covered,
        efficiency=efficiency,
        benchmarks={name: float(values.mean()) for name, values in totals.chosen.items()},
        sets=totals.sets,
        drawn=totals.drawn / totals.outcomes,
        calls=totals.calls,
        unparsable=totals.unparsable,
        instead=totals.instead,
    )


def _share(estimates: Estimates, mean: float, means: Means) -> Share:
    found = percentile_interval(mean, means, None, estimates.statistics.confidence)
    return Share(mean=mean, low=found.low, high=found.high)


def _judge(rounds: Rounds, tools: Tools, pairs: Sequence[tuple[str, str, str]]) -> JudgeUse:
    def task(pair: tuple[str, str, str]) -> Callable[..., object]:
        return lambda judge: position_bias([pair], judge)

    rounds.settle([task(pair) for pair in pairs])
    found = position_bias(pairs, rounds.judge())
    return JudgeUse(
        model=tools.judge_model,
        prompts=len(rounds.replies),
        asked=tools.asked(),
        pairs=found.pairs,
        consistent=found.consistent,
        first=found.first,
        second=found.second,
        unparsable=found.unparsable,
        bias=found.bias,
    )
