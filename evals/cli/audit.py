"""``acdc audit``: can the measurement be believed? Same prompts, cut answers, leaked questions, judges, costs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acdc.cli.options import PARAMS, Json, Overrides, Params, settings
from acdc.numbers.digits import fixed, in_percent

if TYPE_CHECKING:
    from acdc.config.config import Config
    from acdc.storage.layout import Layout
    from evals.audit.audit import Audit
    from evals.comparison.evidence import Evidence


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("audit", help="Audit the measurement: same prompts, cut answers, leaked questions, judges.")(
        audit
    )


def audit(
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
    root: Annotated[Path, typer.Option(help="Project directory.")] = Path(),
    as_json: Json = False,
) -> None:
    """Audit."""
    config = settings(params, overrides)
    from acdc.storage.layout import Layout
    from evals.answering.evaluate_taskforce import write_json

    layout = Layout(root)
    found = [_audited(config, layout, family) for family in config.selected.families]
    for one in found:
        write_json(root / "audit" / f"{one.family}.json", one.model_dump(mode="json"))
    if as_json:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in found], indent=2))
        return
    for one in found:
        typer.echo(_text(one))


def _audited(config: "Config", layout: "Layout", family: str) -> "Audit":
    from acdc.chat.settings import EmbeddingEndpointSettings
    from acdc.tasks.novelty import HashingEmbedder
    from acdc.tasks.plugins import open_embedder
    from evals.audit.audit import AuditSettings, ComparedTasks
    from evals.audit.audit import audit as audited
    from evals.audit.leakage import leaks
    from evals.audit.same_prompts import same_prompts
    from evals.comparison.csv_files import write_csv
    from evals.comparison.evidence import evidence_of
    from evals.comparison.tools import questions_of
    from evals.settings import EvaluationSettings, StatisticsSettings, comparison_settings

    evidence = evidence_of(config, layout, config.run_specs(family))
    proof = same_prompts(_folders(evidence), evidence.benchmarks, tuple(evidence.endpoints))
    asked = config.section("evaluation", EvaluationSettings)
    tasks = _tasks(layout, evidence)
    # Benchmark questions are sent to no endpoint, so an endpoint has no part in this.
    wanted = config.embedder
    embedder = HashingEmbedder() if isinstance(wanted, EmbeddingEndpointSettings) else open_embedder(wanted)
    chosen = config.sections.get("audit", AuditSettings())
    assert isinstance(chosen, AuditSettings)
    found = {}
    if tasks:
        for name in evidence.benchmarks:
            texts = questions_of(asked, name)
            found[name] = leaks(
                [text for _, text in tasks], {id: texts[id] for id in evidence.questions[name]}, embedder
            )
    rows = [
        {
            "task": tasks[one.task][0],
            "benchmark": name,
            "question": one.question,
            "cosine": one.cosine,
            "sharing_13_grams": " ".join(one.overlapping),
        }
        for name, leak in found.items()
        for one in leak.nearest
    ]
    write_csv(layout.root / "audit" / f"{family}-tasks.csv", rows)
    return audited(
        evidence,
        proof,
        ComparedTasks(found, len(tasks), embedder.version),
        chosen,
        comparison_settings(config),
        config.section("statistics", StatisticsSettings),
    )


def _folders(evidence: "Evidence") -> dict[str, list[Path]]:
    """For each method whose samples are compared its folders."""
    found = {
        variant: [evidence.results / variant / f"seed-{run.seed}" for run in runs]
        for variant, runs in evidence.runs.items()
    }
    return {**found, "baselines": [evidence.results / "baselines"]}


def _tasks(layout: "Layout", evidence: "Evidence") -> list[tuple[str, str]]:
    """Every synthetic task of our runs as (run seed/id, text), equal texts once."""
    from acdc.storage.store import RunStore
    from acdc.tasks.task_family import TaskFamily

    ours = next(entry.variant for entry in evidence.entries if entry.group == "ours")
    found: dict[str, str] = {}
    for seed in evidence.seeds:
        with RunStore.read(layout.run(evidence.family, ours, seed)) as store:
            for id, _, document in store.tasks():
                task = TaskFamily.from_json(json.loads(document))
                examples = [one.instructions for one in task.examples]
                found.setdefault("\n".join([task.text, *examples]), f"seed-{seed}/{id}")
    return [(name, text) for text, name in found.items()]


def _text(one: "Audit") -> str:
    prompts = one.prompts
    lines = [
        f"{one.family}: {prompts['answerers']} answerers read the same prompts on {sum(prompts['questions'].values())} questions "
        f"({prompts['samples']:,} samples)"
    ]
    worst = max(one.cut_off, key=lambda row: max(row.shares.values()))
    name = max(worst.shares, key=lambda benchmark: worst.shares[benchmark])
    lines.append(f"  cut off at most {in_percent(worst.shares[name])}%: {worst.method} on {name}")
    lines += [
        f"  {leak.benchmark}: of {leak.questions} questions {leak.overlapping} share words with one of {one.tasks} tasks, "
        f"{leak.near} are nearer than {one.near:g} (largest {fixed(leak.largest, 2)})"
        for leak in one.leaks
    ]
    for benchmark, counts in one.judged.items():
        differ = counts["judge"] + counts["exact"]
        lines.append(
            f"  {benchmark}: judge and exact match differ on {differ} of {sum(counts.values())} answers"
        )
    return "\n".join(lines)
