"""The answers of all methods to one benchmark, and the choices made from them.

Of a method that was sampled more often than N times, several disjoint sets of N samples are chosen from, draw by draw.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acdc.errors import InputError
from evals.answering.samples import Given, read_answers
from evals.best_of_n.judge_rounds import Rounds
from evals.best_of_n.registry import JUDGE, NUMBERS, REWARDS, WORDS, needs
from evals.best_of_n.reward_model import Rewards
from evals.best_of_n.settings import PUBLISHED, BestOfNSettings, kind_of
from evals.comparison import selection_items as rules
from evals.comparison.evidence import Entry, Evidence
from evals.comparison.selection_items import Outcome, SelectionItem
from evals.correctness import Answerer
from evals.rivals.methods import rows_of

Shares = NDArray[np.float64]
Answers = Mapping[Path, Mapping[Answerer, Mapping[str, Given]]]
Cell = tuple[Entry, int]


@dataclass(frozen=True)
class Tools:
    """What some ways to choose need.

    Attributes:
        judge: Prompts to replies; None without a judge.
        no_judge: Why there is none.
        judge_model: Its name.
        asked: How often it was really asked so far.
        rewards: A reward model; None without.
        questions: A benchmark's questions by id, as judges read them.
    """

    judge: Callable[[Sequence[str]], Sequence[str]] | None = None
    no_judge: str = "no judge is configured (best_of_n.judge)"
    judge_model: str = ""
    asked: Callable[[], int] = lambda: 0
    rewards: Rewards | None = None
    questions: Callable[[str], Mapping[str, str]] = lambda benchmark: {}


@dataclass
class SelectionTotals:
    """Totals of one method at one N with one selector; arrays are (S, Q) by benchmark."""

    chosen: dict[str, Shares] = field(default_factory=dict)
    random: dict[str, Shares] = field(default_factory=dict)
    covered: dict[str, Shares] = field(default_factory=dict)
    outcomes: int = 0
    drawn: int = 0
    calls: int = 0
    unparsable: int = 0
    sets: int = 1
    instead: list[str] = field(default_factory=list)


class Ways(NamedTuple):
    """What choosing needs.

    Attributes:
        seed: Of everything that chance decides.
        settings: Ways to choose.
        tools: Judge, reward model, questions.
        rounds: Of the judge; None where there is none.
    """

    seed: int
    settings: BestOfNSettings
    tools: Tools
    rounds: Rounds | None


class BenchmarkSelection:
    """One benchmark.

    Args:
        evidence: Everything that is compared.
        benchmark: Its name.
        cells: Methods with the N at which they are chosen from.
        names: Ways to choose that can be tried.
        ways: What they need.

    Attributes:
        lacking: For ways to choose by numbers, the ids of methods some of whose answers come without them.
    """

    def __init__(
        self,
        evidence: Evidence,
        benchmark: str,
        cells: Sequence[Cell],
        names: Sequence[str],
        ways: Ways,
    ) -> None:
        seed, settings, tools, rounds = ways
        self._evidence, self._seed = evidence, seed
        self._tools, self._rounds, self._benchmark = tools, rounds, benchmark
        self._columns: list[int] = np.flatnonzero(self._evidence.keep[benchmark]).tolist()
        self._kind = kind_of(benchmark)
        self._options = settings.options
        reads = any(WORDS in needs(self._resolved(name)) for name in names)
        self._questions = tools.questions(benchmark) if reads else {}
        self._rows = {
            (entry.id, n): [_sets(entry, run, n, benchmark, settings.sets) for run in range(len(entry.picks))]
            for entry, n in cells
        }
        self._answers = _read(self._rows, cells, benchmark, words=reads)
        self._require_all()
        self._withheld = reads and any(self._lacks(*cell, "reply") for cell in cells)
        self._ours = next((cell for cell in reversed(cells) if cell[0].group == "ours"), None)
        numbers = {
            name: [part for part in NUMBERS if name != "published" and part in needs(name)] for name in names
        }
        self.lacking = {
            name: {entry.id for entry, n in cells if n > 1 and any(self._lacks(entry, n, p) for p in parts)}
            for name, parts in numbers.items()
            if parts
        }

    def vote(self, entry: Entry, n: int, name: str, totals: SelectionTotals) -> None:
        """Add what one method reaches at one N by one way to choose."""
        way = self._resolved(name)
        sets = self._rows[entry.id, n]
        if WORDS in needs(way) and self._withheld:
            way = "majority"
            totals.instead.append(self._benchmark)
        most = 1 if needs(way) & {JUDGE, REWARDS} else len(sets[0])
        items = self._items(entry, n, most)
        outcomes = self._outcomes(way, items)
        shape = (len(sets), len(self._columns), most)
        right = np.array([item.right for item in items], dtype=np.float64).reshape(*shape, n)
        totals.chosen[self._benchmark] = _mean([one.chance for one in outcomes], shape)
        totals.random[self._benchmark] = right.mean(axis=(2, 3))
        totals.covered[self._benchmark] = right.any(axis=3).mean(axis=2)
        totals.outcomes += len(outcomes)
        totals.drawn += sum(one.drawn for one in outcomes)
        totals.calls += sum(one.calls for one in outcomes)
        totals.unparsable += sum(one.unparsable for one in outcomes)
        totals.sets = max(totals.sets, most)

    def pairs(self, most: int) -> list[tuple[str, str, str]]:
        """Pairs of our replies with different answers, for a look at the judge's bias."""
        if self._rounds is None or self._ours is None or not self._questions:
            return []
        found = map(rules.differing_pair, self._items(*self._ours, 1)[: len(self._columns)])
        return [pair for pair in found if pair is not None][:most]

    def _resolved(self, name: str) -> str:
        return PUBLISHED.get(self._kind, "majority") if name == "published" else name

    def _outcomes(self, way: str, items: Sequence[SelectionItem]) -> list[Outcome]:
        if way == "majority":
            maths = {"maths": True, "": None}.get(self._kind, False)
            return [rules.by_majority(item, maths) for item in items]
        options = self._options.get(way, {})
        if JUDGE in needs(way):
            assert self._rounds is not None
            return rules.by_judge(way, items, self._rounds, self._seed, options)
        rewards = self._tools.rewards
        return [rules.by_selector(way, item, self._seed, rewards, options) for item in items]

    def _items(self, entry: Entry, n: int, most: int) -> list[SelectionItem]:
        """Run by run, question by question, set by set."""
        ids = self._evidence.questions[self._benchmark]
        made = []
        for run, sets in enumerate(self._rows[entry.id, n]):
            matrix = entry.matrices[run][self._benchmark]
            answers = self._answers[_file(matrix.source)]
            for column in self._columns:
                for number, rows in enumerate(sets[:most]):
                    key = (entry.id, n, run, self._benchmark, ids[column], number)
                    given = tuple(answers[matrix.answerers[row]][ids[column]] for row in rows)
                    right = tuple(bool(matrix.correct[row, column]) for row in rows)
                    made.append(SelectionItem(key, self._questions.get(ids[column], ""), given, right))
        return made

    def _require_all(self) -> None:
        """Raises InputError where samples lack an answer that the matrix has."""
        asked = [self._evidence.questions[self._benchmark][column] for column in self._columns]
        for path, answerers in self._answers.items():
            for who, answers in answerers.items():
                gone = next((id for id in asked if id not in answers), None)
                if gone is not None:
                    raise InputError(
                        f"{path}: no answer of {who.model}, draw {who.draw}, to question {gone!r}; evaluate again"
                    )

    def _lacks(self, entry: Entry, n: int, part: str) -> bool:
        """Whether one of the answers that a method is chosen from comes without this part."""
        ids = self._evidence.questions[self._benchmark]
        for run, sets in enumerate(self._rows[entry.id, n]):
            matrix = entry.matrices[run][self._benchmark]
            answers = self._answers[_file(matrix.source)]
            for row in {row for rows in sets for row in rows}:
                mine = answers[matrix.answerers[row]]
                if any(getattr(mine[ids[column]], part) is None for column in self._columns):
                    return True
        return False


def _sets(entry: Entry, run: int, n: int, benchmark: str, most: int) -> list[list[int]]:
    """Sets of N rows of a method's matrix, disjoint, draw by draw."""
    matrix = entry.matrices[run][benchmark]
    pools = [(pick.k, rows_of(pick, matrix)) for pick in entry.picks[run][n]]
    count = min(most, *(len(rows) // k for k, rows in pools))
    return [
        [row for k, rows in pools for row in rows[number * k : (number + 1) * k]] for number in range(count)
    ]


def _read(
    wanted: Mapping[tuple[str, int], Sequence[Sequence[Sequence[int]]]],
    cells: Sequence[Cell],
    benchmark: str,
    *,
    words: bool,
) -> Answers:
    files: dict[Path, set[Answerer]] = {}
    for entry, n in cells:
        for run, sets in enumerate(wanted[entry.id, n]):
            matrix = entry.matrices[run][benchmark]
            files.setdefault(_file(matrix.source), set()).update(
                matrix.answerers[row] for rows in sets for row in rows
            )
    return {path: read_answers(path, who, words=words) for path, who in files.items()}


def _file(source: str) -> Path:
    return Path(source).with_name("samples.jsonl")


def _mean(chances: Sequence[float], shape: tuple[int, int, int]) -> Shares:
    mean: Shares = np.array(chances, dtype=np.float64).reshape(shape).mean(axis=2)
    return mean
