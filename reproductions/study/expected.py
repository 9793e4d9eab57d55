"""From a study to expected numbers: what one more family, trained on its own, should show."""

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from acdc.errors import NotEnoughDataError
from acdc.numbers.digits import rounded
from reproductions.verify.expected import Expected, ExpectedCell

if TYPE_CHECKING:
    from reproductions.study.family_scores import FamilyScores
    from reproductions.study.study import StudySettings


def expected_of_study(
    settings: "StudySettings", families: "Sequence[FamilyScores]", family: str, variants: Collection[str]
) -> Expected:
    """Coverage of every method that the study asks about and every difference, as means over families with their spread.

    Args:
        settings: The study.
        families: At least two.
        family: Whose expected numbers they become.
        variants: That are measured there; what needs another one is left out.

    Raises:
        NotEnoughDataError: Fewer than two families, or one lacks a method.
    """
    if len(families) < 2:
        raise NotEnoughDataError(f"a spread between families needs two or more, there are {len(families)}")
    pairs = [
        (question.ours, question.rival, n)
        for _, question, n in settings.claims()
        if _measured(question.ours, variants) and _measured(question.rival, variants)
    ]
    alone = dict.fromkeys((name, n) for ours, rival, n in pairs for name in (ours, rival))
    cells = [_cell(families, name, "", n) for name, n in alone]
    cells += [_cell(families, ours, rival, n) for ours, rival, n in pairs]
    return Expected(
        schema_version=1,
        family=family,
        source=f"{len(families)} independently trained families, {families[0].runs} run seeds each",
        cells=cells,
    )


def _measured(method: str, variants: Collection[str]) -> bool:
    """Whether it comes from one of these variants, or from none."""
    variant, slash, _ = method.partition("/")
    return not slash or variant in variants


def _cell(families: "Sequence[FamilyScores]", method: str, rival: str, n: int) -> ExpectedCell:
    values = [
        family.method(method, n).mean(n) - (family.method(rival, n).mean(n) if rival else 0.0)
        for family in families
    ]
    mean = sum(values) / len(values)
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
    return ExpectedCell(
        where="the study",
        method=method,
        rival=rival,
        n=n,
        benchmarks=dict(families[0].benchmarks),
        value=rounded(mean, 6),
        rounding=5e-7,
        families=len(values),
        family_sd=rounded(spread, 6),
    )
