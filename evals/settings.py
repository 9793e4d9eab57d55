"""The sections `evaluation`, `baselines`, `comparison` and `statistics` of params.yaml."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from acdc.chat.settings import EndpointSettings
from acdc.errors import InputError
from acdc.parsing.validation import nearest

if TYPE_CHECKING:
    from acdc.config.config import Config

Count = Annotated[int, Field(ge=1)]
Temperature = Annotated[float, Field(gt=0.0, le=10.0)]


class EvaluationSettings(BaseModel):
    """How benchmarks are asked; the same for every method, or coverage would compare budgets instead of models.

    Attributes:
        suite: A named set of benchmarks (`evals.benchmarks.registry`).
        benchmarks: Only these, in this order: of the suite, of any suite that reads records, or YAML files of one's own;
            empty: all of the suite.
        questions: Questions drawn for each generated benchmark.
        data: Files with the records of published benchmarks, JSON lines or Parquet in their original fields, by name
            ({gsm8k: PATH}); few-shot examples lie beside them.
        filters: Lists of questions that need their options (`acdc build-filter`), by the same names, for benchmarks that
            leave options out.
        seed: Seed of the generated questions and of every sampled answer; run seeds share it, so that they
            are measured on the same questions and the seeds' answers are made once.
        max_new_tokens: Token budget of an answer for all benchmarks; null: what each benchmark's YAML says.
        top_p: Nucleus of all sampled answers.
        batch: Prompts in one transaction of the answer cache; what a kill can lose.
        max_missing: Largest share of answers that may be missing before a stage stops with exit code 5.
        retries: How often a failed batch is asked again before its answers count as missing.
        max_n: Coverage is reported for N = 1 … max_n.
        thorough: Variants of which the task forces by other rules and the final archive are measured too, to say what
            choosing is worth. Of the others the task force by coverage is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str = "tiny"
    benchmarks: tuple[str, ...] = ()
    questions: Count = 64
    data: dict[str, Path] = {}
    filters: dict[str, Path] = {}
    seed: Annotated[int, Field(ge=0)] = 0
    max_new_tokens: Count | None = None
    top_p: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    batch: Count = 512
    max_missing: Annotated[float, Field(ge=0.0, le=1.0)] = 0.01
    retries: Annotated[int, Field(ge=0)] = 1
    max_n: Count = 8
    thorough: tuple[str, ...] = ("acdc",)

    def check(self, config: "Config") -> None:
        """Suite, benchmarks and variants must exist, and the variant that claims are about is measured thoroughly.

        Raises:
            InputError: Names the entry.
        """
        from evals.benchmarks.registry import chosen, data_names

        chosen(self.suite, self.benchmarks)
        known = data_names(self.suite, self.benchmarks) if self.data or self.filters else []
        for section, given in (("data", self.data), ("filters", self.filters)):
            for name in given:
                if name not in known:
                    raise InputError(
                        f"evaluation.{section}: no benchmark reads '{name}'; {nearest(name, known)}"
                    )
        for name in self.thorough:
            if name not in config.variants:
                raise InputError(
                    f"evaluation.thorough: no variant '{name}'; {nearest(name, config.variants)}"
                )
        ours = comparison_settings(config).ours
        if ours not in self.thorough:
            raise InputError(f"evaluation.thorough must name '{ours}', the variant of comparison.ours")


class ControlSettings(BaseModel):
    """The general seed asked N times: `draws` samples a question, the unbiased pass@N of them.

    Attributes:
        temperatures: One row of the table for each.
        draws: Samples a question, at least the largest N reported.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperatures: tuple[Temperature, ...] = (0.7, 1.0)
    draws: Count = 32


class NoiseSettings(BaseModel):
    """Copies of the general seed with weight noise: the family's own mutation, no crossover, no selection.

    Attributes:
        copies: How many; coverage at N is expected over subsets of N of them. 0 leaves the rows out.
        factors: One row for each multiple of the mutation's scale. What suits a child every generation is faint for a
            copy that is mutated once; a pilot found five times as much the strongest rival, so that is a row as well.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    copies: Annotated[int, Field(ge=0)] = 8
    factors: tuple[Annotated[float, Field(gt=0.0, le=1000.0)], ...] = (1.0, 5.0)


class BigSettings(BaseModel):
    """The big model: once greedily, and asked N times.

    Attributes:
        draws: Samples a question for the N-times row; 0 leaves it out.
        temperature: Of these samples.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    draws: Annotated[int, Field(ge=0)] = 16
    temperature: Temperature = 0.7


class ApiSettings(EndpointSettings):
    """A model behind an OpenAI-compatible endpoint. Without its key its rows say "not run".

    Attributes:
        draws: Samples a question for the N-times row; 0 leaves it out.
        temperature: Of these samples.
    """

    draws: Annotated[int, Field(ge=0)] = 0
    temperature: Temperature = 0.7

    @model_validator(mode="before")
    @classmethod
    def _same_budget(cls, value: Any) -> Any:
        if isinstance(value, dict) and (odd := sorted({"max_tokens", "structured"} & value.keys())):
            raise ValueError(
                f"{odd[0]} is not set here: an endpoint has the token budget of all methods (evaluation.max_new_tokens)"
            )
        return value


class BaselineSettings(BaseModel):
    """Whom the task force is compared with (method.md, sections 7 and 11).

    Attributes:
        general: The seed that Control and the noisy copies use.
        expert_temperature: Of Experts at N above the number of experts; up to there each answers once, greedily. Who
            they are is the family's to say.
        expert_draws: Samples a question of each seed for sampled Experts and for all seeds sampled evenly.
        expert_splits: Other shares of N among sampled Experts, one row each: [4, 2, 2] is four answers of the expert listed
            first. Each goes to the sets of as many experts; as evenly as can be is always there.
        even: Whether to add all seeds sampled evenly (2-2-2-2 at N = 8).
        even_temperature: Temperature of that row.
        control: Settings of Control.
        noise: Settings of the noisy copies.
        big: Settings of the big model.
        api: Endpoints by the names that their rows have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    general: str = "general"
    expert_temperature: Temperature = 0.7
    expert_draws: Count = 16
    expert_splits: tuple[tuple[Annotated[int, Field(ge=0)], ...], ...] = ()
    even: bool = True
    even_temperature: Temperature = 0.7
    control: ControlSettings = ControlSettings()
    noise: NoiseSettings = NoiseSettings()
    big: BigSettings = BigSettings()
    api: dict[str, ApiSettings] = {}


class ComparisonSettings(BaseModel):
    """The section `comparison` of params.yaml.

    Attributes:
        ours: Variant whose task force the claims are about; where it is not selected, the first that is.
        claim_sizes: N at which claims are made; each claim costs the others some power (Holm).
        search_controls: Variants that belong among the rivals of the main table wherever they are selected.
        examples: How many questions that only ours solved are shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ours: str = "acdc"
    claim_sizes: tuple[int, ...] = (3, 8)
    search_controls: tuple[str, ...] = ("random_search", "no_selection")
    examples: int = 12

    def check(self, config: "Config") -> None:
        """Names must be variants, and claims must be about sizes that are measured.

        Raises:
            InputError: Names the entry.
        """
        for where, names in (("ours", (self.ours,)), ("search_controls", self.search_controls)):
            for name in names:
                if name not in config.variants:
                    raise InputError(
                        f"comparison.{where}: no variant '{name}'; {nearest(name, config.variants)}"
                    )
        most = config.section("evaluation", EvaluationSettings).max_n
        for n in self.claim_sizes:
            if not 1 <= n <= most:
                raise InputError(
                    f"comparison.claim_sizes: {n} is not between 1 and evaluation.max_n = {most}"
                )


def comparison_settings(config: "Config") -> ComparisonSettings:
    """The section `comparison`, or its defaults where it is not registered."""
    section = config.sections.get("comparison", ComparisonSettings())
    assert isinstance(section, ComparisonSettings)
    return section


class StatisticsSettings(BaseModel):
    """How intervals and tests are computed. What is published is always computed with 50,000 resamples as well."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    resamples: int = Field(10_000, ge=1_000, description="of bootstraps over questions and runs")
    confidence: float = Field(0.95, gt=0.5, lt=1.0, description="of every interval")
    alpha: float = Field(0.05, gt=0.0, lt=0.5, description="level of tests, after Holm's correction")
    seed: int = Field(0, ge=0, description="of every draw")
