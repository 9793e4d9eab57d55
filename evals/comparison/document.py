"""The whole comparison of a family as one JSON document, `comparison/<family>.json`: what tables and report render.

Coverage and differences are shares of questions in [0, 1]: a mean over benchmarks of means over questions, and over run
seeds where a method has several. Intervals of coverage resample run seeds and questions, benchmarks fixed ("for these
benchmarks"); intervals and bootstrap p of claims resample run seeds, benchmarks and questions ("for benchmarks of the
kind"). No number is without its n: `questions` per benchmark, `runs`, N.

    methods        every row of the table, in order: the task force first, then other ways to choose, other variants, rivals
    claims         ours against a rival at one N; Holm's correction over all claims of one `table`
    archive        the null for choosing: expected coverage of a random N of the final archive
    members        who is in the task force, in order of choice: what each contributes, and what each can
    guesses        what blind and informed guessing scores on each benchmark
    questions      ids of the questions of each benchmark, after incomplete ones were dropped
    solves         for each method at its largest N and each benchmark the chance that a question is solved, in the order
                   of `questions`, the mean over runs
    generations    coverage by generation, where `taskforce.generations` asks for it
    best_of_n      what each method reaches with one final answer (:mod:`evals.best_of_n.document`)
    only_ours      examples of questions that the task force of every run solved and no rival ever did, with answers
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from evals.best_of_n.document import FinalAnswers

SCHEMA = 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Estimate(_Part):
    """A mean with its interval at `Comparison.confidence`."""

    mean: float
    low: float
    high: float


class CoverageAt(_Part):
    """Coverage at one N.

    Attributes:
        n: Answers a question.
        coverage: Mean over benchmarks.
        benchmarks: For each benchmark.
        runs: Mean over benchmarks for each run seed, in the order of `Comparison.runs`; one number where the method
            does not depend on a run.
        models: Distinct models that answer.
        parameters: Of all of them together; None where unknown.
        tokens: Generated per question, all N answers together.
        flops: About 2 × parameters × tokens read and written per question; None where unknown.
    """

    n: int
    coverage: Estimate
    benchmarks: dict[str, float]
    runs: list[float]
    models: int
    parameters: int | None
    tokens: float
    flops: float | None


class MethodResult(_Part):
    """A row of the table.

    Attributes:
        id: Unique; "<variant>/<rule>" for what comes from runs.
        name: Shown.
        group: ours, choice (other ways to choose from the same candidates), archive, variant, experts, control, even, noise,
            big, api.
        variant: Of the runs it comes from; empty for baselines.
        coverage: For each N at which it is defined, ascending; empty where `not_run` says why.
        cut_off: Share of its answers that the token budget cut off, for each benchmark.
        not_run: Why there are no numbers; empty otherwise.
    """

    id: str
    name: str
    group: str
    variant: str = ""
    coverage: list[CoverageAt] = []
    cut_off: dict[str, float] = {}
    not_run: str = ""


class Significance(_Part):
    """An interval of a difference and its p.

    Attributes:
        sides: "one": p of "ours is not better"; "two": p of "there is no difference".
        holm: p after Holm's correction over the claims of the table.
    """

    mean: float
    low: float
    high: float
    p: float
    sides: Literal["one", "two"]
    holm: float | None = None


class Claim(_Part):
    """Ours against one rival.

    Attributes:
        table: Claims of one table are corrected together: "main", "variants".
        ours: Id of the method.
        rival: Id of the other.
        n: N of ours.
        rival_n: N of the rival; another only for a big model asked once.
        difference: Mean over benchmarks of the paired differences per question.
        benchmarks: Its parts.
        runs: Difference for each run seed.
        bootstrap: Over run seeds, benchmarks and questions; it decides `verdict`.
        sign_flip: Exact p over benchmarks, two-sided; at least 2/2^benchmarks.
        sign_flip_holm: The same after Holm.
        paired_t: Student's over benchmarks; None where all differences are equal.
        runs_t: Student's over run seeds, for these benchmarks and questions; None with one run, or without spread.
        published: The paper's bootstrap over benchmarks, of min–max normalised coverage, p one-tailed.
        published_converged: What that converges to.
        published_raw: The same of plain differences.
        verdict: "better" or "worse" where Holm's p of the bootstrap is at most α, else "undecided".
    """

    table: str
    ours: str
    rival: str
    n: int
    rival_n: int
    difference: float
    benchmarks: dict[str, float]
    runs: list[float]
    bootstrap: Significance
    sign_flip: float
    sign_flip_holm: float
    paired_t: Significance | None
    runs_t: Significance | None = None
    published: Significance | None
    published_converged: Significance | None
    published_raw: Significance | None
    verdict: Literal["better", "worse", "undecided"]


class ArchiveNull(_Part):
    """What choosing is worth: the task force against a random N of the final archive and of the same run.

    Attributes:
        variant: Of the runs.
        n: N.
        expected: Expected coverage of N random members of the final archive.
        chosen: Coverage of the task force.
        gain: Paired difference.
        archive: Models in each run's archive.
    """

    variant: str
    n: int
    expected: Estimate
    chosen: Estimate
    gain: Estimate
    archive: list[int]


class Member(_Part):
    """One model of a task force of the largest N.

    Attributes:
        variant: Of the run.
        seed: Run seed.
        place: 1 for the first chosen.
        model: Its id in the run.
        alone: Share of all questions it solves.
        benchmarks: The same for each benchmark.
        unique: Questions that only it solves.
        shapley: Its Shapley value of coverage.
        without: Coverage of the others.
    """

    variant: str
    seed: int
    place: int
    model: str
    alone: float
    benchmarks: dict[str, float]
    unique: int
    shapley: float
    without: float


class AtGeneration(_Part):
    """Coverage of the task force that a generation would have given.

    Attributes:
        variant: Of the runs.
        generation: Candidates and tasks of later ones are left out; None: the task force of the whole run.
        n: N.
        coverage: With its interval for these benchmarks.
        gain: Over the earliest generation measured, paired; None for that one.
    """

    variant: str
    generation: int | None
    n: int
    coverage: Estimate
    gain: Estimate | None


class Guess(_Part):
    """What guessing scores on a benchmark with one guess and with eight.

    `blind` guessers know which answers are common, `informed` ones permute the input or otherwise know an answer's form.
    """

    benchmark: str
    blind_1: float
    blind_8: float
    informed_1: float
    informed_8: float


class Reply(_Part):
    """A model's answer to a question."""

    model: str
    text: str
    correct: bool


class Example(_Part):
    """A question that only ours solved, with the answers of its task force in one run.

    Attributes:
        benchmark: Of the question.
        question: Its id.
        prompt: As it was asked.
        target: The right answer.
        seed: Run whose answers are shown.
        replies: One for each member, in order of choice.
    """

    benchmark: str
    question: str
    prompt: str
    target: str
    seed: int
    replies: list[Reply]


class Comparison(_Part):
    """Everything; see the module.

    Attributes:
        family: Of models.
        ours: Id of the method that claims are about.
        benchmarks: Names, with how many questions each are compared.
        dropped: Questions left out because some method has no answer to them (our fault, not the model's).
        runs: Run seeds.
        sizes: N that are reported.
        confidence: Of all intervals.
        alpha: Level of verdicts.
    """

    schema_version: int = SCHEMA
    family: str
    ours: str
    benchmarks: dict[str, int]
    dropped: int
    runs: list[int]
    sizes: list[int]
    confidence: float
    alpha: float
    methods: list[MethodResult]
    claims: list[Claim]
    archive: list[ArchiveNull]
    members: list[Member]
    guesses: list[Guess]
    questions: dict[str, list[str]]
    solves: dict[str, dict[str, list[float]]]
    only_ours: list[Example]
    generations: list[AtGeneration] = []
    best_of_n: FinalAnswers = FinalAnswers()

    def method(self, id: str) -> MethodResult:
        """A method by its id."""
        return next(method for method in self.methods if method.id == id)
