"""Would another processor have decided alike? This one's kernels, and the closest decisions of finished runs.

Looks only. A run's margins stand in its journal; a run from before they were kept has none, and then its margins are not known.
"""

import importlib
import json
import math
import os
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from acdc.errors import InputError
from acdc.numbers.digits import significant
from acdc.numbers.margins import Margins
from acdc.processes.machine import this_machine
from acdc.storage.journal import events
from acdc.storage.run_directory import finished_below

WIDTH = 80
ROUNDED = 2e-9
"""What another processor moves a number by, at most, where it was computed in float64 or rounded to nine places."""
SINGLE = 1e-5
"""Likewise where a model of another library computed it in float32."""
_SINGLE = "model's "  # decisions whose names begin with this


@dataclass(frozen=True)
class Closest:
    """The closest decision of one kind over all runs.

    Attributes:
        decision: The kind.
        smallest: Its distance from the other outcome; None where every one was a tie that a rule broke, or there was none.
        count: Decisions of that kind in all runs.
        settled: Of these, computed again in float64.
        run: Where the smallest one happened.
        safe: Whether rounding cannot reach it.
    """

    decision: str
    smallest: float | None
    count: int
    settled: int
    run: str
    safe: bool


@dataclass(frozen=True)
class Bits:
    """What ``acdc doctor --bits`` says.

    Attributes:
        kernels: What this processor computes with, by the part that computes.
        runs: Finished runs that were found.
        without: Those of them whose journal lacks margins, of one process or of all.
        closest: By kind of decision.
        safe: Whether other processors decide alike; None where that is not known.
        verdict: The same in a sentence, and why.
    """

    kernels: dict[str, str]
    runs: list[str]
    without: list[str]
    closest: list[Closest]
    safe: bool | None
    verdict: str


def look(runs: Path | None) -> Bits:
    """Kernels of this processor, and what the journals of all finished runs in or below a directory say.

    Args:
        runs: The directory; None: ``runs`` here, which need not be there.

    Raises:
        InputError: There is no such directory.
    """
    if runs is not None and not runs.is_dir():
        raise InputError(f"{runs}: no such directory; name a directory with finished runs, such as runs")
    runs = runs or Path("runs")
    found = [runs] if (runs / "run.sqlite").is_file() else finished_below(runs)
    margins = {str(run): margins_in(run) for run in found}
    without = [str(run) for run in found if not _told_all(run) or not _tells_tokens(margins[str(run)])]
    closest = _closest(margins)
    safe, verdict = _verdict(len(found), without, closest)
    return Bits(kernels(), list(margins), without, closest, safe, verdict)


def margins_in(run: Path) -> Margins:
    """Margins of all processes that worked at a run; one that was killed told none."""
    told = Margins()
    for event in events(run, "margins"):
        told.add(Margins.from_json(event.detail["decisions"]))
    return told


def _told_all(run: Path) -> bool:
    """Whether every process that worked at a run told its margins."""
    kinds = [event.kind for event in events(run)]
    return 0 < kinds.count("margins") >= kinds.count("begin")


def _tells_tokens(margins: Margins) -> bool:
    """Whether the engines told how close their decisions between tokens were; those of a Ray cluster do not."""
    return any(decision.endswith("token") for decision in margins.found())


def kernels() -> dict[str, str]:
    """What chooses how numbers are added and multiplied on this machine."""
    import numpy as np
    import torch

    config = np.show_config(mode="dicts")
    assert isinstance(config, dict)
    simd = config.get("SIMD Extensions", {})
    blas = config.get("Build Dependencies", {}).get("blas", {})
    parts = {
        "processor": this_machine().cpu,
        "PyTorch": f"{torch.__version__}, ATen kernels {torch.backends.cpu.get_cpu_capability()}",
        "its libraries": ", ".join(
            f"{name} {'yes' if there else 'no'}"
            for name, there in (
                ("MKL", torch.backends.mkl.is_available()),  # type: ignore[no-untyped-call]
                ("oneDNN", torch.backends.mkldnn.is_available()),  # type: ignore[no-untyped-call]
            )
        ),
        "NumPy": f"{np.__version__}, {', '.join([*simd.get('baseline', []), *simd.get('found', [])])}",
        "its BLAS": _blas() or f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip(),
        "threads": f"PyTorch {torch.get_num_threads()}, OMP_NUM_THREADS {os.environ.get('OMP_NUM_THREADS', 'not set')}",
    }
    names = ("ATEN_CPU_CAPABILITY", "MKL_CBWR", "OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES")
    asked = [f"{name}={os.environ[name]}" for name in names if os.environ.get(name)]
    return parts | ({"asked for": ", ".join(asked)} if asked else {})


def _blas() -> str:
    """NumPy's OpenBLAS with its kernels, where threadpoolctl is there to ask; else ""."""
    try:
        pools: list[dict[str, Any]] = importlib.import_module("threadpoolctl").threadpool_info()
    except ImportError:
        return ""
    named = [
        f"OpenBLAS {pool.get('version')}, {pool.get('architecture')} kernels, {pool.get('num_threads')} threads"
        for pool in pools
        if pool.get("internal_api") == "openblas"
    ]
    return named[0] if named else ""


def as_json(found: Bits) -> str:
    """The report for programs."""
    return json.dumps(asdict(found), indent=2, ensure_ascii=False)


def as_text(found: Bits) -> str:
    """The report for people, at most 80 columns wide but for long names of runs."""
    lines = [line for name, value in found.kernels.items() for line in _entry(name, value)]
    lines += [
        "",
        f"Closest decisions of {len(found.runs)} finished run{'' if len(found.runs) == 1 else 's'}:",
    ]
    if found.closest:
        width = max(len(row.decision) for row in found.closest)
        lines.append(f"  {'decision':{width}}  {'smallest margin':>15} {'decisions':>12} {'float64':>9}")
    for row in found.closest:
        margin = "ties only" if row.smallest is None else significant(row.smallest, 3)
        lines.append(f"  {row.decision:{width}}  {margin:>15} {row.count:>12,} {row.settled:>9,}")
        lines += [f"  {'':{width}}  in {row.run}"] if row.run else []
    return "\n".join([*lines, "", *textwrap.wrap(found.verdict, WIDTH)])


def _entry(name: str, value: str) -> list[str]:
    return textwrap.wrap(f"{name:15}{value}", WIDTH, subsequent_indent=" " * 15)


def _closest(runs: dict[str, Margins]) -> list[Closest]:
    rows = []
    for decision in sorted({decision for margins in runs.values() for decision in margins.found()}):
        its = {
            run: found[decision] for run, margins in runs.items() if decision in (found := margins.found())
        }
        where = min(its, key=lambda run: its[run].smallest)
        smallest = its[where].smallest
        known = math.isfinite(smallest)
        rows.append(
            Closest(
                decision,
                smallest if known else None,
                sum(margin.count for margin in its.values()),
                sum(margin.settled for margin in its.values()),
                where if known else "",
                smallest > (SINGLE if decision.startswith(_SINGLE) else ROUNDED),
            )
        )
    return rows


def _verdict(runs: int, without: Sequence[str], closest: Iterable[Closest]) -> tuple[bool | None, str]:
    """Whether other processors decide alike, and the sentence that says so."""
    close = [row.decision for row in closest if not row.safe]
    if not runs:
        return None, "Not known: there is no finished run here; `acdc evolve` makes one."
    if close:
        return (
            False,
            f"Not safe on another machine: {' and '.join(close)} came nearer to the other outcome than rounding may move it.",
        )
    if without:
        return (
            None,
            f"Not known: the journals of {len(without)} of {runs} runs lack margins, as a process was killed before it told them, "
            f"answered on a Ray cluster, or kept none then; the first is {without[0]}.",
        )
    return True, (
        "Safe on another x86-64 machine: every decision was further from the other outcome than rounding moves it, or was a tie that "
        "a rule breaks."
    )
