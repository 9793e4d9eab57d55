"""Best-of-N as a part of the comparison document: what each method reaches with one final answer.

Shares of questions in [0, 1], means over benchmarks, intervals over run seeds and questions for these benchmarks, all from the same
resamples, so that every difference and every efficiency is paired.
"""

from pydantic import Field

from acdc.parsing.section import Section


class Share(Section):
    """A mean (or a ratio of means) with its interval."""

    mean: float
    low: float
    high: float


class FinalAnswer(Section):
    """One method at one N with one way to choose.

    Attributes:
        method: Id of the method.
        n: Answers that are chosen from.
        selector: Way to choose.
        chosen: Share of questions whose chosen answer is right.
        random: The same for a random choice from the same answers.
        covered: The same for a perfect choice.
        efficiency: (chosen − random) / (covered − random); None where no question depends on the choice.
        gain: Ours less this, by the same way to choose; None for ours.
        ours_n: N of ours in `gain`: the same, but for a model that answers once; None for ours.
        benchmarks: `chosen` of each benchmark.
        sets: Sets of N answers a question and run that were chosen from.
        drawn: Share of choices that chance decided: a tie, or no verdict.
        calls: Verdicts or rewards that were asked for.
        unparsable: Of these, how many were none.
        instead: Benchmarks that were chosen by majority, since their replies are withheld from results.
    """

    method: str
    n: int
    selector: str
    chosen: Share
    random: float
    covered: float
    efficiency: Share | None
    gain: Share | None = None
    ours_n: int | None = None
    benchmarks: dict[str, float]
    sets: int
    drawn: float
    calls: int = 0
    unparsable: int = 0
    instead: list[str] = Field([])


class JudgeUse(Section):
    """Who judged, how often, and whether places win instead of answers.

    Attributes:
        model: The judge.
        prompts: Distinct prompts that were needed.
        asked: Of these, how many were sent now; the others were known from before.
        pairs: Pairs shown in both orders.
        consistent: The same answer won both times.
        first: Whatever stood first won both times.
        second: Whatever stood second won both times.
        unparsable: Pairs without two verdicts.
        bias: Share of `first` less `second` among pairs with two verdicts; None without such.
    """

    model: str
    prompts: int
    asked: int
    pairs: int
    consistent: int
    first: int
    second: int
    unparsable: int
    bias: float | None


class FinalAnswers(Section):
    """All of it.

    Attributes:
        rows: Methods in the order of the comparison, N ascending, selectors in the order of the settings.
        not_run: For each way to choose that could not be tried, why.
        without: For ways to choose by numbers of the engine, ids of methods some of whose answers come without, and which have no row:
            their engines give none, or a model ruled a token out.
        judge: Where one was asked.
        compared_by: How answers were found equal.
    """

    rows: list[FinalAnswer] = Field([])
    not_run: dict[str, str] = Field({})
    without: dict[str, list[str]] = Field({})
    judge: JudgeUse | None = None
    compared_by: str = ""
