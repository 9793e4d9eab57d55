"""Which finished runs a person may have meant who named a directory that holds none."""

from pathlib import Path

DEEP = 3  # runs/<family>/<variant>/seed-<n>: so many levels below runs/
SHOWN = 3


def finished_below(directory: Path, depths: range = range(1, DEEP + 1)) -> list[Path]:
    """Directories of finished runs, so many levels below, by name; hidden ones, which were set aside, are left out."""
    found = [path.parent for depth in depths for path in directory.glob("*/" * depth + "run.sqlite")]
    shown = [
        run for run in found if not any(part.startswith(".") for part in run.relative_to(directory).parts)
    ]
    return sorted(shown, key=lambda run: (run.parent.parts, len(run.name), run.name))  # seed-2 before seed-10


def no_run_there(directory: Path) -> str:
    """What to say of a directory without a run: where finished ones lie, below it or beside it, and what makes one."""
    below = finished_below(directory)
    if below:
        return f"{directory}: no finished run there, but below it: {_listed(below)}; name one of them"
    ancestor, missing = directory.parent, 1
    while not ancestor.is_dir() and missing < DEEP:
        ancestor, missing = ancestor.parent, missing + 1
    beside = finished_below(ancestor, range(missing, missing + 1))
    if beside:
        return f"{directory}: no finished run there; there are {_listed(beside)}; name one of them, or run `acdc evolve` first"
    return f"{directory}: no finished run there; run `acdc evolve` first"


def _listed(runs: list[Path]) -> str:
    more = f" and {len(runs) - SHOWN} more" if len(runs) > SHOWN else ""
    return f"{', '.join(map(str, runs[:SHOWN]))}{more}"
