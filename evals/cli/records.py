"""``acdc records [NAME]``: hashes of what is asked, so that DVC sees when a file of `evaluation.data` is another.

DVC can't be told in advance which files a setting names, nor which lie beside them (few-shot examples, lists of questions that need
their options, task files of one's own). This writes their content hashes where `evaluate` and `baselines` depend on them.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from acdc.cli.options import PARAMS, Overrides, Params, settings

if TYPE_CHECKING:
    from pathlib import Path

    from evals.settings import EvaluationSettings


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("records", help="Hash the benchmark files that the settings name, for DVC.")(records)


def records(
    name: Annotated[
        str | None, typer.Argument(help="An entry of evaluation.data; without it the list of benchmarks.")
    ] = None,
    params: Params = PARAMS,
    overrides: Overrides = [],  # noqa: B006
) -> None:
    """Hash."""
    config = settings(params, overrides)
    from acdc.errors import InputError
    from acdc.parsing.validation import nearest
    from acdc.storage.layout import Layout
    from evals.answering.evaluate_taskforce import write_json
    from evals.benchmarks.registry import chosen
    from evals.settings import EvaluationSettings

    asked = config.section("evaluation", EvaluationSettings)
    if name is None:
        found: dict[str, Any] = {
            "suite": asked.suite,
            "benchmarks": list(chosen(asked.suite, asked.benchmarks)),
        }
        write_json(Layout().records("suite"), found)
        typer.echo(f"{asked.suite}: {len(found['benchmarks'])} benchmarks")
        return
    if name not in asked.data:
        raise InputError(f"evaluation.data: there is no {name!r}; {nearest(name, asked.data)}")
    hashes = _hashes(asked, name)
    write_json(Layout().records(name), hashes)
    typer.echo(f"{name}: {', '.join(sorted(hashes))}")


def _hashes(asked: "EvaluationSettings", name: str) -> dict[str, str]:
    """Role of a file (records, examples, list, tasks) to the hash of its content."""
    from evals.benchmarks.local_data import pool_file
    from evals.benchmarks.registry import chosen, metadata_of

    files: dict[str, Path] = {"records": asked.data[name]}
    if name in asked.filters:
        files["list"] = asked.filters[name]
    for benchmark, path in chosen(asked.suite, asked.benchmarks).items():
        metadata = metadata_of(str(path))
        if metadata.get("data") == name:
            files[f"task {benchmark}"] = path
            if (pool := pool_file(asked.data[name], metadata)) is not None:
                files[f"examples of {benchmark}"] = pool
    return {role: _hash(path) for role, path in files.items()}


def _hash(path: "Path") -> str:
    import hashlib

    from acdc.errors import InputError

    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise InputError(
            f"{path} can't be read: {error}; fix evaluation.data or evaluation.filters"
        ) from error
