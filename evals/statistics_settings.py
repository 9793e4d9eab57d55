"""The section `statistics` of the parameters."""

from pydantic import Field

from acdc.parsing.section import Section


class StatisticsSettings(Section):
    """How intervals and tests are computed. What is published is always computed with 50,000 resamples as well."""

    resamples: int = Field(10_000, ge=1_000, description="of bootstraps over questions and runs")
    confidence: float = Field(0.95, gt=0.5, lt=1.0, description="of every interval")
    alpha: float = Field(0.05, gt=0.0, lt=0.5, description="level of tests, after Holm's correction")
    seed: int = Field(0, ge=0, description="of every draw")
