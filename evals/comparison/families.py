"""A family's evidence, found where the stages put it."""

from typing import TYPE_CHECKING

from evals.comparison.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acdc.config.config import Config
    from acdc.config.run_spec import RunSpec
    from acdc.storage.layout import Layout


def evidence_of(config: "Config", layout: "Layout", runs: "Sequence[RunSpec]") -> Evidence:
    """What these runs of one family, every variant with every seed, have to show.

    Raises:
        InputError: A stage has not run yet, or files do not fit together.
        NotEnoughDataError: There is nothing to compare.
    """
    from acdc.runs.current import require_current
    from evals.answering.evaluate_taskforce import Run, read_run
    from evals.benchmarks.registry import chosen
    from evals.comparison.document import settings_of
    from evals.comparison.evidence import gather
    from evals.settings import EvaluationSettings

    require_current(config, layout, runs)
    asked, family = config.section("evaluation", EvaluationSettings), runs[0].key.family
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.key.variant, []).append(read_run(layout.taskforce(*run.key)))
    results = layout.results(family, "baselines").parent
    benchmarks = list(chosen(asked.suite, asked.benchmarks))
    return gather(family, benchmarks, found, results, settings_of(config), asked.max_n)
