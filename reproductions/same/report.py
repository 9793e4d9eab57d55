"""How pipelines agree, in words: which kernels ran, a table of counts, the first cells that differ."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from reproductions.same.cells import KINDS
from reproductions.same.differences import Agreement, Difference
from reproductions.same.pipelines import Pipeline

_LONGEST = 160


def document(pipelines: Sequence[Pipeline], agreements: Mapping[str, Agreement]) -> dict[str, object]:
    """Everything, for JSON."""
    return {
        "compared_with": pipelines[0].name,
        "settings": {
            pipeline.name: {
                "says": pipeline.setting.says,
                "environment": pipeline.setting.environment,
                "kernels": None if pipeline.kernels is None else asdict(pipeline.kernels),
                "other_bits": _other_bits(pipeline, pipelines[0]),
                "skipped": pipeline.skipped,
                "failed": pipeline.failed,
                "cells": None if pipeline.name not in agreements else _counts(agreements[pipeline.name]),
            }
            for pipeline in pipelines
        },
        "compared": sum(it.compared for it in agreements.values()),
        "different": sum(it.different for it in agreements.values()),
    }


def _counts(agreement: Agreement) -> dict[str, object]:
    counts_by_kind = {**agreement.counts_by_kind, "weights": agreement.weights}
    return {
        kind: {
            "compared": counts.compared,
            "different": counts.different,
            "places": dict(counts.places),
            "first": [asdict(difference) for difference in counts.shown],
        }
        for kind, counts in counts_by_kind.items()
    }


def lines(pipelines: Sequence[Pipeline], agreements: Mapping[str, Agreement]) -> list[str]:
    """The report, line by line."""
    first = pipelines[0]
    told = ["", "Kernels that processes of each setting use:"]
    for pipeline in pipelines:
        told.append(f"  {pipeline.name}: {pipeline.kernels or f'left out, {pipeline.skipped}'}")
        if pipeline is not first and pipeline.kernels is not None:
            names = _other_bits(pipeline, first)
            told.append(f"    last bits differ from {first.name} in: {', '.join(names) or 'nothing tried'}")
    told += ["", *_table(first.name, agreements)]
    for name, agreement in agreements.items():
        told += _first_differences(first.name, name, agreement)
    told += [f"{it.name}: the pipeline did not come to its end: {it.failed}" for it in pipelines if it.failed]
    return [*told, ""]


def summary(pipelines: Sequence[Pipeline], agreements: Mapping[str, Agreement]) -> str:
    """One sentence: how many cells differ, and what that is about."""
    compared = sum(it.compared for it in agreements.values())
    different = sum(it.different for it in agreements.values())
    others = ", ".join(agreements) or "no other setting"
    left_out = "".join(f"; {it.name} left out: {it.skipped}" for it in pipelines if it.skipped)
    return f"same numbers: {different:,} of {compared:,} cells differ from {pipelines[0].name} ({others}){left_out}"


def _other_bits(pipeline: Pipeline, first: Pipeline) -> list[str]:
    if pipeline.kernels is None or first.kernels is None:
        return []
    return pipeline.kernels.differ(first.kernels)


def _table(first: str, agreements: Mapping[str, Agreement]) -> list[str]:
    """Cells that differ, of those compared: a row a kind, a column a setting."""
    head = [f"cells that differ from {first}", *agreements]
    rows = [
        [
            kind,
            *(
                _of(it.counts_by_kind[kind].different, it.counts_by_kind[kind].compared)
                for it in agreements.values()
            ),
        ]
        for kind in KINDS
    ]
    rows.append(["all of them", *(_of(it.different, it.compared) for it in agreements.values())])
    rows.append(
        [
            "children with other weights, for information",
            *(_of(it.weights.different, it.weights.compared) for it in agreements.values()),
        ]
    )
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in (head, *rows)
    ]


def _of(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,}"


def _first_differences(first: str, name: str, agreement: Agreement) -> list[str]:
    found: list[str] = []
    for kind, counts in agreement.counts_by_kind.items():
        if not counts.different:
            continue
        places = ", ".join(f"{place} ({count:,})" for place, count in counts.places.most_common(3))
        more = f" and {len(counts.places) - 3} more files" if len(counts.places) > 3 else ""
        found += ["", f"{name}, {kind} ({KINDS[kind]}): {counts.different:,} differ, in {places}{more}"]
        for difference in counts.shown:
            found += _shown(first, name, difference)
    return found


def _shown(first: str, name: str, difference: Difference) -> list[str]:
    told = [
        f"  {difference.where}: {' · '.join(difference.key)}: "
        f"{_short(difference.first)} under {first}, {_short(difference.second)} under {name}"
    ]
    if difference.replies and difference.replies != (difference.first, difference.second):
        told += [
            f"    {who} answered: {_short(reply)}"
            for who, reply in zip((first, name), difference.replies, strict=True)
        ]
    return told


def _short(text: str) -> str:
    line = text.replace("\n", "\\n")
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
