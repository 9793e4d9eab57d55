"""Where summary and report read from, and what to run when a part is not there yet."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acdc.errors import InputError
from acdc.storage.layout import Layout

if TYPE_CHECKING:
    from acdc.config.config import Config
    from evals.audit.audit import Audit
    from evals.comparison.document import Comparison


def comparison_file(layout: Layout, family: str) -> Path:
    """What `acdc compare` writes for a family."""
    return layout.root / "comparison" / f"{family}.json"


def load_comparison(layout: Layout, config: "Config", family: str) -> "Comparison":
    """A family's comparison.

    Raises:
        InputError: It is not there (the message says which command is next), or not readable.
    """
    from pydantic import ValidationError

    from evals.comparison.document import Comparison

    path = comparison_file(layout, family)
    if not path.is_file():
        raise InputError(f"{path}: not there yet. {next_step(layout, config, family)}")
    try:
        return Comparison.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{path}: not a comparison of this version ({where}: {first['msg']}); run `acdc compare`"
        ) from None


def load_audit(layout: Layout, family: str) -> "Audit | None":
    """What `acdc audit` wrote for a family, None where it has not run.

    Raises:
        InputError: It is not readable.
    """
    from pydantic import ValidationError

    from evals.audit.audit import Audit

    path = layout.root / "audit" / f"{family}.json"
    if not path.is_file():
        return None
    try:
        return Audit.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{path}: not an audit of this version ({where}: {first['msg']}); run `acdc audit`"
        ) from None


def answer_costs(layout: Layout, family: str) -> dict[str, dict[str, float]]:
    """Seconds by the clock, answers and tokens of each stage that asks benchmarks: evaluate VARIANT, baselines."""
    from acdc.storage.journal import stage_seconds
    from evals.correctness import read

    found = {}
    for command, seconds in stage_seconds(layout.cache()).items():
        stage, *names = command.split()
        if stage not in ("evaluate", "baselines") or names[:1] != [family]:
            continue
        where = layout.results(family, "baselines" if stage == "baselines" else names[1])
        matrices = [read(path) for path in sorted(where.glob("**/correctness.json"))]
        if matrices:
            found[" ".join([stage, *names[1:]])] = {
                "seconds": seconds,
                "answers": sum(matrix.correct.size for matrix in matrices),
                "tokens": sum(int(matrix.tokens.sum()) for matrix in matrices),
            }
    return found


def next_step(layout: Layout, config: "Config", family: str) -> str:
    """Which parts of the pipeline are there, and which command makes the first that is not."""
    selected = config.selected
    cells = [(variant, seed) for variant in selected.variants for seed in selected.seeds]
    runs = [c for c in cells if (layout.run(family, *c) / "run.sqlite").is_file()]
    forces = [c for c in cells if layout.taskforce(family, *c).is_file()]
    evaluated = [
        variant
        for variant in selected.variants
        if any(layout.results(family, variant).glob("**/correctness.json"))
    ]
    baselines = any(layout.results(family, "baselines").glob("**/correctness.json"))
    there = (
        f"Finished: {len(runs)} of {len(cells)} runs, {len(forces)} of {len(cells)} task forces, "
        f"{len(evaluated)} of {len(selected.variants)} variants evaluated, baselines {'yes' if baselines else 'no'}."
    )
    if not layout.family_file(family).is_file():
        return f"The models of {family} are not there either: run `make reproduce`, or `acdc seeds {family}` for this step alone."
    for command, done in (("evolve", runs), ("taskforce", forces)):
        missing = [variant for variant, seed in cells if (variant, seed) not in done]
        if missing:
            return f"{there} Run `acdc {command} {family} {missing[0]}`, or `make reproduce` for everything."
    for variant in selected.variants:
        if variant not in evaluated:
            return f"{there} Run `acdc evaluate {family} {variant}`, or `make reproduce` for everything."
    return f"{there} Run `acdc {'compare' if baselines else f'baselines {family}'}`, or `make reproduce` for everything."


def read_json(path: Path) -> Any:
    """A JSON document, None where there is none.

    Raises:
        InputError: It is damaged.
    """
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: damaged ({error}); run the command that wrote it again") from None


def paper_audit(layout: Layout) -> Mapping[str, Any] | None:
    """What `acdc audit-paper` wrote, None where it has not run.

    Raises:
        InputError: It is damaged, or of another version.
    """
    path = layout.root / "results" / "paper" / "audit.json"
    audit = read_json(path)
    parts = ("claims", "contradictions", "observations", "summary")
    if audit is None:
        return None
    if not isinstance(audit, dict) or any(part not in audit for part in parts):
        raise InputError(f"{path}: not an audit of this version; run `acdc audit-paper`")
    return audit


def stage_times(layout: Layout, family: str) -> dict[str, float]:
    """Seconds by the clock that each stage of a family took when it last ran, all variants together, in order of time."""
    from acdc.storage.journal import stage_seconds

    times: dict[str, float] = {}
    for command, seconds in stage_seconds(layout.cache()).items():
        stage, *names = command.split()
        if not names or names[0] == family:
            times[stage] = times.get(stage, 0.0) + seconds
    return times
