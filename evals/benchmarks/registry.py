"""Which benchmarks there are: one folder per suite, one lm-eval task YAML per benchmark.

A suite's folder may hold a module `generator` whose `rows(benchmark, seed, count)` draws the questions; they are made
from the seed wherever they are needed and never stored. A benchmark without it reads records from a local file
(`evaluation.data`, :mod:`evals.benchmarks.local_data`) or, where its `metadata` names none, the data its YAML names.

A YAML with a key `upstream` holds no task: it names lm-eval's own, which is used as it is.

Suites without a generator read records, so `evaluation.benchmarks` may name benchmarks of any of them together, and YAML
files of one's own by their path.

A question has an `id`, unique within its benchmark. In the YAML's `metadata`:
    data        what its records are called in `evaluation.data`, and what they look like: `evals.benchmarks.local_data`
    metric      the metric that says whether an answer is right (default: the first of `metric_list`)
    filter      the filter whose output it judges (default: the first of `filter_list`)
    scored_by   `sandbox`: the filtered answer is a program; the question's `source` is a task family and its `task`
                the name of the example whose `score` runs it. Nothing of it runs in our process.
"""

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from acdc.errors import InputError
from acdc.parsing.json_lines import json_lines
from acdc.parsing.validation import nearest
from acdc.parsing.yaml import read_yaml_file
from evals.benchmarks import local_data

Row = dict[str, Any]
_HERE = Path(__file__).parent
_OF_RECORDS = "paper"  # a suite that reads records; beside it all others that do may be named
_NO_LIST = Path()  # where a list is needed and none is named
_GUESSERS_LEARN_FROM = 500  # questions of another seed, from which a blind guesser learns what is common


@dataclass(frozen=True)
class Benchmark:
    """A benchmark and where its questions come from.

    Attributes:
        name: The lm-eval task name, which is the YAML's file name too.
        yaml: The task file.
        rows: Makes the questions, the same at every call; picklable. None: the YAML says where they are.
        pools: Makes the few-shot examples by split, where they are in a file beside the questions.
        metadata: What the task's own `metadata` does not say, for tasks of upstream.
    """

    name: str
    yaml: Path
    rows: Callable[[], list[Row]] | None = None
    pools: Callable[[], dict[str, list[Row]]] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def generated(self) -> bool:
        """Whether its questions are drawn from a seed; the others are records."""
        return self.rows is not None and self.pools is None


def suites() -> list[str]:
    """Names of all suites."""
    return sorted(folder.name for folder in _HERE.iterdir() if any(folder.glob("*.yaml")))


def names(suite: str) -> list[str]:
    """Names of a suite's benchmarks, sorted.

    Raises:
        InputError: There is no such suite; the nearest name is said.
    """
    if suite not in suites():
        raise InputError(_unknown("evaluation.suite", suite, suites()))
    return sorted(path.stem for path in (_HERE / suite).glob("*.yaml") if not path.stem.startswith("_"))


def offered(suite: str) -> dict[str, Path]:
    """Every benchmark that `evaluation.benchmarks` may name beside this suite, with its YAML; the suite's own come first.

    Raises:
        InputError: There is no such suite.
    """
    found = {name: _HERE / suite / f"{name}.yaml" for name in names(suite)}
    for other in [] if _generated(suite) else suites():
        if not _generated(other):
            found |= {name: _HERE / other / f"{name}.yaml" for name in names(other) if name not in found}
    return found


def chosen(suite: str, only: Sequence[str] = ()) -> dict[str, Path]:
    """The benchmarks that are asked, in order, by the name that results have: the YAML's file name.

    Args:
        suite: Its name.
        only: Only these, of this suite or another that reads records, or paths of YAML files; empty: the suite's own.

    Raises:
        InputError: A name is unknown, and the nearest is said; a file is not there; or two have one name.
    """
    known = offered(suite)
    found: dict[str, Path] = {}
    for name in only or names(suite):
        path = Path(name) if name.endswith(".yaml") else known.get(name)
        if path is None:
            raise InputError(_unknown("evaluation.benchmarks", name, list(known)))
        if not path.is_file():
            raise InputError(f"evaluation.benchmarks: there is no file {path}")
        if path.stem in found:
            raise InputError(f"evaluation.benchmarks: {path.stem} is there twice")
        found[path.stem] = path
    return found


def find(
    suite: str,
    only: Sequence[str] = (),
    *,
    seed: int,
    questions: int,
    data: Mapping[str, Path] | None = None,
    filters: Mapping[str, Path] | None = None,
) -> list[Benchmark]:
    """The benchmarks of a suite.

    Args:
        suite: Its name.
        only: As of :func:`chosen`.
        seed: Seed of generated questions.
        questions: How many of them for each benchmark.
        data: Files with records of published benchmarks, by name.
        filters: Lists of questions that need their options, by the same names (:mod:`evals.benchmarks.option_list`); None: every
            record of a judge form is asked.

    Raises:
        InputError: A name is unknown, and the nearest is said; or a benchmark needs a file that is not named.
    """
    paths = chosen(suite, only)
    return [
        Benchmark(name, path, functools.partial(_generate, suite, name, seed, questions))
        if _drawn(suite, path)
        else _described(path, data or {}, filters)
        for name, path in paths.items()
    ]


def data_names(suite: str, only: Sequence[str] = ()) -> list[str]:
    """What may stand in `evaluation.data`: what the suite's benchmarks, those beside it and those chosen call their records."""
    paths = {*offered(suite).values(), *chosen(suite, only).values()}
    found = (_metadata(_read(path)).get("data") for path in paths)
    return sorted({str(name) for name in found if name})


def metadata_of(name: str) -> Mapping[str, Any]:
    """What a benchmark that reads records says of them.

    Args:
        name: Its name, or the path of a YAML file.

    Raises:
        InputError: It is unknown, and the nearest is said.
    """
    (path,) = chosen(_OF_RECORDS, [name]).values()
    return _metadata(_read(path))


def parts(benchmark: Benchmark) -> list[Benchmark]:
    """The tasks of lm-eval that a benchmark is: itself, or upstream's task for each subject, in the order of the records."""
    split = benchmark.metadata.get("parts")
    if split is None or benchmark.rows is None:
        return [benchmark]
    groups: dict[str, list[Row]] = {}
    for row in benchmark.rows():
        groups.setdefault(str(row[split["field"]]), []).append(row)
    found = []
    for value, rows in groups.items():
        name = value.replace(" ", "_")
        path = benchmark.yaml / split["yaml"].format(name)
        if not path.is_file():
            raise InputError(f"{benchmark.name}: lm-eval has no task for {split['field']} {value!r}")
        task = split["task"].format(name)
        found.append(replace(benchmark, name=task, yaml=path, rows=functools.partial(list, rows)))
    return found


def guess_rates(suite: str, benchmark: str, *, seed: int, questions: int) -> dict[str, float] | None:
    """What blind and informed guessing scores on a generated benchmark; None where its suite does not say.

    Returns:
        `blind_1`, `blind_8`, `informed_1`, `informed_8`: shares of questions with one guess and with eight.
    """
    if not (_HERE / suite / "guessing.py").exists():
        return None
    guessing = importlib.import_module(f"evals.benchmarks.{suite}.guessing")
    others = _generate(suite, benchmark, seed + 1, _GUESSERS_LEARN_FROM)
    rates: dict[str, float] = guessing.guess_rates(_generate(suite, benchmark, seed, questions), others)
    return {name: rates[name] for name in ("blind_1", "blind_8", "informed_1", "informed_8")}


def read_rows(path: Path) -> list[Row]:
    """Objects from JSON lines.

    Raises:
        InputError: The file can't be read, a line is not a JSON object, or there is none.
    """
    rows = [row for _, row in json_lines(path)]
    if not rows:
        raise InputError(f"{path} holds no JSON lines")
    return rows


def _generate(suite: str, benchmark: str, seed: int, count: int) -> list[Row]:
    module = importlib.import_module(f"evals.benchmarks.{suite}.generator")
    rows: list[Row] = module.rows(benchmark, seed, count)
    return rows


def _described(path: Path, data: Mapping[str, Path], filters: Mapping[str, Path] | None) -> Benchmark:
    """A benchmark by what its YAML says of its data."""
    described = _read(path)
    metadata = _metadata(described)
    task = local_data.upstream() / described["upstream"] if "upstream" in described else path
    name = str(metadata.get("data", ""))
    file = data.get(name)
    if file is None:
        if name:  # upstream's tasks name a data set of a hub, which would be asked for in every worker
            raise InputError(
                f"evaluation.data.{name} is not set; {path.stem} reads its records from a file, and this program does not download it"
            )
        if "prepare" in metadata or "parts" in metadata:
            raise InputError(
                f"{path}: `metadata` lacks `data`, what its records are called in evaluation.data"
            )
        return Benchmark(path.stem, task, metadata=metadata)
    return Benchmark(
        path.stem,
        task,
        functools.partial(
            local_data.questions, file, metadata, None if filters is None else filters.get(name, _NO_LIST)
        ),
        functools.partial(local_data.pools, file, metadata),
        metadata,
    )


def _read(path: Path) -> dict[str, Any]:
    described = read_yaml_file(path, as_text=("!function",))  # nothing that lm-eval's files name is run here
    if not isinstance(described, dict) or not isinstance(described.get("metadata") or {}, dict):
        raise InputError(f"{path} holds no task: expected keys such as `task` and `metadata`")
    return described


def _generated(suite: str) -> bool:
    return (_HERE / suite / "generator.py").exists()


def _drawn(suite: str, path: Path) -> bool:
    """Whether the suite's generator makes a benchmark's questions: a YAML file of one's own beside it has its own."""
    return _generated(suite) and path.resolve().parent == (_HERE / suite).resolve()


def _metadata(described: Mapping[str, Any]) -> Mapping[str, Any]:
    return described.get("metadata") or {}


def _unknown(setting: str, name: str, known: Sequence[str]) -> str:
    return f"{setting}: there is no {name!r}; {nearest(name, known)}"
