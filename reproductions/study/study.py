"""The study of the tiny family: many families trained on their own, the same variants in each, inference over families.

A run of one family cannot say whether a gain belongs to the method or to the seeds it happened to get. Here each family gives
one difference per question, and those are the data.

Guarantees: questions are declared in a file before anything is run, and corrected together. Run again, it goes on where it
stopped (each stage is one of the pipeline).
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from acdc.errors import InputError, NotEnoughDataError
from acdc.numbers.digits import in_percent, settled, sign, significant
from acdc.parsing.yaml import read_yaml
from evals.significance import holm, paired_t, sign_flip
from reproductions.tables.table import Column, Row, Table
from reproductions.text.numbers import interval, p_value, points

if TYPE_CHECKING:
    from reproductions.study.family_scores import FamilyScores

SETTINGS = Path(__file__).parents[1] / "tiny" / "study.yaml"
ALPHA = 0.05


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Question(_Part):
    """A difference: what it asks, and the two methods; `sizes` where not all of the study's are defined."""

    asks: str
    ours: str
    rival: str
    sizes: tuple[int, ...] = ()


class Words(_Part):
    """Caption and notes of the table."""

    caption: str
    notes: tuple[str, ...]


class StudySettings(_Part):
    """study.yaml, described there."""

    families: int = Field(ge=2)
    first_seed: int = Field(1, ge=0)
    run_seeds: tuple[int, ...] = Field(min_length=1)
    variants: tuple[str, ...] = Field(min_length=1)
    sizes: tuple[int, ...] = Field(min_length=1)
    train: dict[str, Any] = {}
    overlay: dict[str, Any] = {}
    assumed_sd: float = Field(gt=0)
    questions: dict[str, Question] = Field(min_length=1)
    text: Words

    def claims(self) -> list[tuple[str, Question, int]]:
        """Every question at every N at which it is asked: what is corrected together."""
        return [
            (name, question, n)
            for name, question in self.questions.items()
            for n in question.sizes or self.sizes
        ]

    def methods(self) -> list[str]:
        """Ids or names of all methods that are asked about, each once."""
        return list(dict.fromkeys(name for q in self.questions.values() for name in (q.ours, q.rival)))

    def names(self) -> list[str]:
        """Names of the families."""
        return [f"tiny-{self.first_seed + i}" for i in range(self.families)]


def read_settings(path: Path = SETTINGS) -> StudySettings:
    """The settings of a study.

    Raises:
        InputError: The file is missing or not as described.
    """
    try:
        return StudySettings.model_validate(read_yaml(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def overlay(settings: StudySettings) -> dict[str, object]:
    """What is laid over params.yaml: the families, the variants, the run seeds."""
    from acdc.parsing.validation import merged

    family = {"preset": "tiny"}
    made: dict[str, Any] = {
        "selected": {
            "families": settings.names(),
            "variants": list(settings.variants),
            "seeds": list(settings.run_seeds),
        },
        "families": {
            name: {**family, "train": {**settings.train, "seed": settings.first_seed + i}}
            for i, name in enumerate(settings.names())
        },
        "comparison": {"claim_sizes": list(settings.sizes)},
    }
    return dict(merged(made, settings.overlay))


def hours(settings: StudySettings, seconds: Mapping[str, float], run_seeds: int) -> float | None:
    """Estimated hours by the clock; None where a stage was never timed.

    Args:
        settings: The study.
        seconds: What each stage of a family took, by its words ("evolve tiny acdc").
        run_seeds: Run seeds behind each of them.
    """
    means: dict[str, float] = {}
    for stage in ("seeds", "evolve", "taskforce", "evaluate", "baselines"):
        found = [value for words, value in seconds.items() if words.split()[0] == stage]
        if not found:
            return None
        means[stage] = sum(found) / len(found)
    more = len(settings.run_seeds) / run_seeds
    cell = (means["evolve"] + means["taskforce"] + means["evaluate"]) * more
    return settings.families * (means["seeds"] + means["baselines"] + len(settings.variants) * cell) / 3600


def differences(settings: StudySettings, families: Sequence["FamilyScores"]) -> list[Row]:
    """One row per question, N and family: the difference of coverage, a mean over benchmarks and runs.

    Raises:
        NotEnoughDataError: A family has no such method at an N, or there are fewer than two families.
    """
    if len(families) < 2:
        raise NotEnoughDataError(f"a study over families needs two or more, there are {len(families)}")
    rows = []
    for name, question, n in settings.claims():
        for family in families:
            ours, rival = (family.method(method, n).mean(n) for method in (question.ours, question.rival))
            both = {"ours": ours, "rival": rival, "difference": ours - rival}
            rows.append({"question": name, "n": n, "family": family.family, **both})
    return rows


def study_table(settings: StudySettings, families: Sequence["FamilyScores"]) -> Table:
    """The answers: every question at every N, over families, corrected together.

    Raises:
        NotEnoughDataError: Of :func:`differences`.
    """
    data = differences(settings, families)
    rows = [
        _answer(name, question, n, [r["difference"] for r in data if (r["question"], r["n"]) == (name, n)])
        for name, question, n in settings.claims()
    ]
    for p, target in (("p", "holm"), ("sign_flip", "sign_flip_holm")):
        for row, adjusted in zip(rows, holm([row[p] for row in rows]), strict=True):
            row[target] = float(adjusted)
    for row in rows:
        sure = settled(row["holm"]) <= ALPHA
        row["verdict"] = "undecided" if not sure else "gain" if sign(row["mean"]) > 0 else "loss"
    sizes = {sum(family.benchmarks.values()) for family in families}
    filled = {
        "families": len(families),
        "runs": families[0].runs,
        "questions": " or ".join(map(str, sorted(sizes))),
        "claims": len(rows),
        "smallest": significant(2 / 2 ** len(families), 1),
    }
    columns = [
        Column("What is worth", lambda row: row["asks"], "left"),
        Column("N", lambda row: f"{row['n']}"),
        Column("Points [95%]", lambda row: interval(row["mean"], row["low"], row["high"], points)),
        Column("SD", lambda row: in_percent(row["sd"])),
        Column("Families ahead", lambda row: f"{row['ahead']} of {row['families']}"),
        Column("p", lambda row: p_value(row["p"])),
        Column("Holm", lambda row: p_value(row["holm"])),
        Column("Sign-flip, Holm", lambda row: p_value(row["sign_flip_holm"])),
        Column("Verdict", lambda row: row["verdict"], "left"),
    ]
    notes = [note.format_map(filled) for note in settings.text.notes]
    return Table("study", settings.text.caption.format_map(filled), pd.DataFrame(rows), columns, notes)


def _answer(name: str, question: Question, n: int, values: Sequence[float]) -> Row:
    mean = math.fsum(values) / len(values)
    try:
        test = paired_t(values, alternative="two-sided")
        low, high, p = test.low, test.high, test.p
    except NotEnoughDataError:  # no spread between families: nothing to test with
        low, high, p = math.nan, math.nan, 1.0
    return {
        "question": name,
        "asks": question.asks,
        "n": n,
        "families": len(values),
        "mean": mean,
        "low": low,
        "high": high,
        "sd": math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1)),
        "ahead": sum(sign(value) > 0 for value in values),
        "p": p,
        "sign_flip": sign_flip(values, alternative="two-sided"),
    }
