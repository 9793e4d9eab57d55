"""A family's evidence, found where the stages put it."""

from typing import TYPE_CHECKING

from evals.comparison.evidence import Evidence

if TYPE_CHECKING:
    from acdc.config.config import Config
    from acdc.storage.layout import Layout


def evidence_of(config: "Config", layout: "Layout", family: str) -> Evidence:
    """What the selected variants and run seeds of a family have to show.

    Raises:
        InputError: A stage has not run yet, or files do not fit together.
        NotEnoughDataError: There is nothing to compare.
    """
    from acdc.runs.replay import require_current
    from evals.answering.evaluate_taskforce import read_run
    from evals.benchmarks.registry import chosen
    from evals.comparison.evidence import gather
    from evals.settings import EvaluationSettings, comparison_settings

    for variant in config.selected.variants:
        require_current(config, layout.cell(family, variant), family, variant, config.selected.seeds)
    asked = config.section("evaluation", EvaluationSettings)
    runs = {
        variant: [read_run(layout.taskforce(family, variant, seed)) for seed in config.selected.seeds]
        for variant in config.selected.variants
    }
    results = layout.results(family, "baselines").parent
    benchmarks = list(chosen(asked.suite, asked.benchmarks))
    return gather(family, benchmarks, runs, results, comparison_settings(config), asked.max_n)
