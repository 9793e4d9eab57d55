"""Running a published family again: settings, records, and what it takes in GPU-hours and money, before anything is rented.

The settings are params.yaml with two files laid over it, `paper/run.yaml` and `<family>/params.yaml`; the run is the pipeline's, in a
directory of its own. Estimates are of the most that can be asked for, by the assumptions in `<family>/hardware.yaml`: an order of
magnitude, with every assumption printed beside it.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from acdc.config import Config, parse
from acdc.config.evolution import EvolutionSettings
from acdc.config.run_spec import RunSpec
from acdc.errors import InputError
from acdc.parsing.section import Section
from acdc.parsing.validation import merged, validate
from acdc.parsing.yaml import read_settings_file, read_yaml_file

if TYPE_CHECKING:
    from acdc.preflight.counts import EvolutionPlan

FOLDER = Path(__file__).parents[1]
RECORD_FILES = "NAME.jsonl, NAME.parquet, NAME/test.jsonl or NAME/test.parquet"
COMMON = FOLDER / "paper" / "run.yaml"
Count = Field(ge=1)
Positive = Field(gt=0)
_LONG, _JUDGED = 2048, 256  # token budgets of an answer: maths and code, and what a judge grades


class Published(Section):
    """What the paper says a run took."""

    gpu_hours: float = Positive


class Gpus(Section):
    """GPUs for each kind of model; individuals and scientist are up at once."""

    individuals: int = Count
    scientist: int = Count
    big: int = Count


class Assumed(Section):
    """Throughputs, described in hardware.yaml."""

    tokens_per_second: float = Positive
    big_tokens_per_second: float = Positive
    scientist_tokens_per_second: float = Positive
    minutes_per_child: float = Positive
    share_of_budget: float = Field(gt=0, le=1)


class Price(Section):
    """Of an hour of one GPU, with its date and where it is from."""

    per_gpu_hour: float = Field(ge=0)
    currency: str
    date: datetime.date
    source: str


class Hardware(Section):
    """hardware.yaml of a family."""

    published: Published
    gpus: Gpus
    assumed: Assumed
    price: Price


@dataclass(frozen=True)
class Estimate:
    """GPU-hours, by what they go into; upper bounds.

    Attributes:
        evolution: Of all runs: individuals and scientist are up while models are bred, asked, and tasks are written.
        measuring: Benchmarks, task forces and rivals, with the judge up.
        big: The big model.
    """

    evolution: float
    measuring: float
    big: float

    @property
    def total(self) -> float:
        """All of them."""
        return self.evolution + self.measuring + self.big


def families() -> list[str]:
    """Families that can be reproduced."""
    return sorted(path.parent.name for path in FOLDER.glob("*/params.yaml"))


def read_hardware(family: str, changes: Mapping[str, Any] | None = None) -> Hardware:
    """A family's hardware.yaml.

    Args:
        family: Its name.
        changes: Laid over the file.

    Raises:
        InputError: There is no such family, or the file is not as described.
    """
    from acdc.parsing.validation import nearest

    path = FOLDER / family / "hardware.yaml"
    if not path.is_file():
        raise InputError(f"{family!r} is not a published family; {nearest(family, families())}")
    data = merged(read_yaml_file(path), changes or {})
    return validate(Hardware, data, str(path))


def benchmarks(wanted: Sequence[str]) -> tuple[list[str], list[str]]:
    """Of the benchmarks that the published runs were measured on, those that this version has, and the others."""
    from evals.benchmarks.registry import names, suites

    known = {name for suite in suites() for name in names(suite)}
    return [name for name in wanted if name in known], [name for name in wanted if name not in known]


def records(folder: Path) -> dict[str, str]:
    """The files of records in a folder: NAME.jsonl, NAME.parquet, or test.jsonl or test.parquet in a folder NAME.

    Few-shot examples lie beside the records, which is what the folders are for.
    """
    found: dict[str, str] = {}
    for kind in ("jsonl", "parquet"):
        found |= {path.parent.name: str(path.resolve()) for path in sorted(folder.glob(f"*/test.{kind}"))}
        found |= {path.stem: str(path.resolve()) for path in sorted(folder.glob(f"*.{kind}"))}
    return found


def otherwise_named(folder: Path, missing: Sequence[str]) -> list[str]:
    """Files of records in folders of the missing names that :func:`records` does not take: NAME/dev.jsonl, say."""
    return [
        str(path.relative_to(folder))
        for name in missing
        for kind in ("jsonl", "parquet")
        for path in sorted((folder / name).glob(f"*.{kind}"))
    ]


def settings(
    params: Path, family: str, data: Path, overrides: Sequence[Mapping[str, Any]] = ()
) -> dict[str, object]:
    """What the run's params.yaml says.

    Args:
        params: The project's settings.
        family: To be reproduced.
        data: Folder with the benchmarks' records.
        overrides: Laid over everything.

    Raises:
        InputError: A file is missing.
    """
    if not params.is_file():
        raise InputError(f"{params}: there is no such file; run in the project's folder")
    read_hardware(family)  # whether there is such a family
    own = FOLDER / family / "params.yaml"
    layers = [read_settings_file(path) for path in (params, COMMON, own)]
    made = merged(*layers, *overrides)
    measured, _ = benchmarks(made["evaluation"]["benchmarks"])
    from evals.benchmarks.registry import data_names

    known = set(data_names(made["evaluation"]["suite"]))
    there = {name: path for name, path in records(data).items() if name in known}
    given = made["evaluation"].get("data") or {}
    return merged(made, {"evaluation": {"benchmarks": measured, "data": {**there, **given}}})


def not_taken(files: Sequence[str]) -> str:
    """What to say of files of records with other names, if there are any."""
    return f"; there, but not named so: {', '.join(files)}" if files else ""


def missing_records(config: Config) -> list[str]:
    """What the chosen benchmarks call the records that no file was found for."""
    from evals.benchmarks.registry import metadata_of
    from evals.settings import EvaluationSettings

    asked = config.section("evaluation", EvaluationSettings)
    wanted = (str(metadata_of(name).get("data") or "") for name in asked.benchmarks)
    return sorted({name for name in wanted if name} - set(asked.data))


def check_records(config: Config, folder: Path) -> None:
    """Every benchmark must find its records now, not after days of evolution.

    Args:
        config: Of the run.
        folder: Where records were looked for.

    Raises:
        InputError: Names all that are missing and the files that would be found, or the first file that is none.
    """
    from evals.benchmarks.registry import find
    from evals.settings import EvaluationSettings

    if missing := missing_records(config):
        raise InputError(
            f"{folder} lacks the records of {', '.join(missing)}: each is {RECORD_FILES} there, or "
            f"a file that evaluation.data.NAME names{not_taken(otherwise_named(folder, missing))}"
        )
    asked = config.section("evaluation", EvaluationSettings)
    find(asked.suite, asked.benchmarks, seed=asked.seed, questions=asked.questions, data=asked.data)


def plans(config: Config, runs: Sequence[RunSpec]) -> "dict[str, EvolutionPlan]":
    """The plan of one run of each variant; all runs are of one family."""
    from acdc.preflight.counts import plan

    seeds = len(config.family(runs[0].key.family).seeds)
    return {name: plan(settings, 0, seeds) for name, settings in _settings(runs).items()}


def _settings(runs: Sequence[RunSpec]) -> dict[str, EvolutionSettings]:
    """The settings of each variant."""
    return {run.key.variant: run.settings for run in runs}


def estimate(config: Config, runs: Sequence[RunSpec], hardware: Hardware) -> Estimate:
    """GPU-hours of everything that is selected.

    Args:
        config: Of :func:`settings`.
        runs: All that are selected, of the family to be reproduced.
        hardware: With the assumptions.
    """
    seeds, assumed, gpus = len(config.selected.seeds), hardware.assumed, hardware.gpus
    settings = _settings(runs)
    wall = sum(
        _evolution_hours(
            config, settings[variant], one, len(config.family(runs[0].key.family).seeds), assumed
        )
        for variant, one in plans(config, runs).items()
    )
    tokens = _tokens_of_one_model(config) * assumed.share_of_budget
    individuals, big = _answers(config, runs)
    both = gpus.individuals + gpus.scientist
    return Estimate(
        evolution=both * seeds * wall,
        measuring=both * individuals * tokens / assumed.tokens_per_second / 3600,
        big=gpus.big * big * tokens / assumed.big_tokens_per_second / 3600,
    )


def _evolution_hours(
    config: Config, run: EvolutionSettings, planned: "EvolutionPlan", founders: int, assumed: Assumed
) -> float:
    """Hours by the clock of one run: answering, breeding and writing tasks, one after the other."""
    answering = planned.tokens * assumed.share_of_budget / assumed.tokens_per_second / 3600
    breeding = (planned.individuals - founders) * assumed.minutes_per_child / 60
    attempts = run.tasks.initial_attempts
    attempts += 0 if run.tasks.static else run.generations // run.tasks.interval * run.tasks.adapt
    calls = 2 + 2 * run.tasks.reflections  # a draft, an answer and a judgement of each round, is it new
    longest = getattr(config.scientist, "max_tokens", 0)
    written = attempts * calls * longest * assumed.share_of_budget
    return answering + breeding + written / assumed.scientist_tokens_per_second / 3600


def _tokens_of_one_model(config: Config) -> float:
    """Token budget of one model that answers every question of every benchmark once."""
    from evals.settings import EvaluationSettings
    from reproductions.paper.names import printed_benchmark
    from reproductions.paper.statements import read_text

    asked = config.section("evaluation", EvaluationSettings)
    sizes = dict(read_text(FOLDER / "paper").questions)
    total = 0
    for name in asked.benchmarks:
        budget = asked.max_new_tokens or (_JUDGED if name.endswith("_judge") else _LONG)
        total += sizes.get(printed_benchmark(name), asked.questions) * budget
    return float(total)


def _answers(config: Config, runs: Sequence[RunSpec]) -> tuple[int, int]:
    """How often each question is answered at most: by individuals and seeds, and by the big model."""
    from evals.rivals.baselines import BIG, draws_of, expert_sets, methods
    from evals.settings import BaselineSettings, EvaluationSettings

    asked = config.section("evaluation", EvaluationSettings)
    baselines = config.section("baselines", BaselineSettings)
    models = config.family(runs[0].key.family)
    sets = expert_sets(models.experts, list(models.seeds), baselines.general)
    rows = methods(baselines, sets, list(models.seeds), asked.max_n, big=models.big is not None)
    counts = draws_of(baselines, rows)
    rivals = sum(count for (name, _), count in counts.items() if name != BIG)
    own = 0
    for variant, settings in _settings(runs).items():
        archive = settings.population if variant in asked.thorough else 0
        rules = len(config.taskforce.rules) if variant in asked.thorough else 1
        own += (archive + rules * max(config.taskforce.sizes)) * len(config.selected.seeds)
    return own + rivals, sum(count for (name, _), count in counts.items() if name == BIG)


def parsed(data: Mapping[str, Any], params: Path) -> Config:
    """The settings, checked."""
    return parse(data, params)
