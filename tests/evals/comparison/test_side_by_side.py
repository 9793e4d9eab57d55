"""Any variants beside each other, and task forces of earlier generations: hand-made results whose numbers can be counted."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from acdc.errors import InputError, NotEnoughDataError
from evals.answering.evaluate_taskforce import Run
from evals.cli.compare import register
from evals.comparison.by_generation import by_generation
from evals.comparison.csv_files import generation_rows
from evals.comparison.evidence import gather
from evals.comparison.side_by_side import SideBySide, compared, text
from evals.settings import ComparisonSettings, StatisticsSettings
from evals.significance import holm
from reproductions.tables.generations import generations_table
from tests.evals.comparison.test_build import FIRST, SECOND, SETTINGS, baselines, run, write
from tests.evals.comparison.test_build import compare as whole_comparison

STATISTICS = StatisticsSettings(resamples=1000)
PARAMS = Path(__file__).parents[3] / "params.yaml"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for variant in ("acdc", "no_dns", "static_tasks"):
        for seed in (0, 1):
            for benchmark, solved in {"one": FIRST, "two": SECOND}.items():
                rows = {(model, 0.0, 0): cells for model, cells in solved.items()}
                write(tmp_path / "results/tiny" / variant / f"seed-{seed}", benchmark, rows)
    control = {("g", 0.7, 0): "1000", ("g", 0.7, 1): "1100", ("g", 0.7, 2): "0000", ("big", 0.0, 0): "1000"}
    control[("GPT", 0.0, 0)] = "1000"
    baselines(tmp_path / "results/tiny/baselines", control, dict.fromkeys(control, "0000"))
    return tmp_path / "results/tiny"


def runs() -> dict[str, list[Run]]:
    return {
        "acdc": [run("acdc", 0, "ab"), run("acdc", 1, "ad")],
        "no_dns": [run("no_dns", 0, "cd"), run("no_dns", 1, "cd")],
        "static_tasks": [run("static_tasks", 0, "ab"), run("static_tasks", 1, "ad")],
    }


def weighed() -> dict[str, list[Run]]:
    """The same with the weights hashes known: a model of one name has the same weights everywhere."""
    hashes = {id: f"weights of {id}" for id in "abcd"}
    return {variant: [replace(one, hashes=hashes) for one in its] for variant, its in runs().items()}


def found(results: Path, sizes: tuple[int, ...] = (2,)) -> SideBySide:
    return compared("tiny", ["one", "two"], runs(), results, sizes, STATISTICS)


def test_levels_and_differences_are_those_that_can_be_counted(results: Path) -> None:
    # acdc: a or b solves 3/4 of each benchmark in run 0; a or d 2/4 and 1/4 in run 1. no_dns: c or d 2/4 and 1/4 in both.
    both = found(results)
    levels = {level.variant: level.coverage.mean for level in both.levels}
    assert levels == pytest.approx({"acdc": 0.5625, "no_dns": 0.375, "static_tasks": 0.5625})
    pairs = {(pair.ours, pair.rival): pair for pair in both.pairs}
    assert len(pairs) == 3
    first = pairs["acdc/coverage", "no_dns/coverage"]
    assert first.difference == pytest.approx(0.1875)
    assert first.runs == pytest.approx([0.375, 0.0])
    assert first.benchmarks == pytest.approx({"one": 0.125, "two": 0.25})
    same = pairs["acdc/coverage", "static_tasks/coverage"]
    assert (same.difference, same.bootstrap.low, same.bootstrap.high) == (0, 0, 0)
    assert same.verdict == "undecided"


def test_holms_correction_is_over_the_pairs_asked_for(results: Path) -> None:
    both = found(results, (1, 2))
    assert len(both.pairs) == 6
    assert [p.bootstrap.holm for p in both.pairs] == pytest.approx(holm([p.bootstrap.p for p in both.pairs]))


def test_a_pair_is_what_the_whole_comparison_says_of_it(results: Path) -> None:
    evidence = gather("tiny", ["one", "two"], runs(), results, SETTINGS, 8)
    whole = whole_comparison(evidence, SETTINGS, STATISTICS)
    claim = next(claim for claim in whole.claims if claim.rival == "no_dns/coverage")
    pair = next(pair for pair in found(results).pairs if pair.rival == "no_dns/coverage")
    assert (pair.difference, pair.bootstrap.low, pair.bootstrap.p) == (
        claim.difference,
        claim.bootstrap.low,
        claim.bootstrap.p,
    )


def test_a_size_that_no_task_force_has_is_said(results: Path) -> None:
    with pytest.raises(NotEnoughDataError, match="no task force of 3; it has N up to 2"):
        found(results, (3,))


def test_the_text_names_every_pair(results: Path) -> None:
    lines = text(found(results)).splitlines()
    assert "2 benchmarks, 8 questions, 2 run seeds" in lines[0]
    assert sum("−" in line for line in lines) == 3


def test_task_forces_of_the_same_models_are_called_identical(results: Path) -> None:
    # static_tasks chose acdc's models in both runs; no_dns others.
    both = compared("tiny", ["one", "two"], weighed(), results, (2,), STATISTICS)
    pairs = zip(both.pairs, both.identical, strict=True)
    assert {(pair.ours, pair.rival) for pair, same in pairs if same} == {
        ("acdc/coverage", "static_tasks/coverage")
    }
    told = [line for line in text(both).splitlines() if "identical" in line]
    assert len(told) == 1
    assert "acdc " in told[0]
    assert "undecided" not in told[0]


def test_other_models_that_answer_alike_are_not_identical(results: Path) -> None:
    its = weighed()
    its["static_tasks"] = [replace(one, hashes=one.hashes | {"a": "others"}) for one in its["static_tasks"]]
    both = compared("tiny", ["one", "two"], its, results, (2,), STATISTICS)
    assert not any(both.identical)


@pytest.fixture
def project(results: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project directory whose settings ask for the two benchmarks of the made-up results."""
    root = results.parents[1]
    for variant, its in runs().items():
        for one in its:
            path = root / "taskforces/tiny" / variant / f"seed-{one.seed}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            document = {
                "family": "tiny",
                "variant": variant,
                "seed": one.seed,
                "candidates": [],
                "forces": {rule: list(force) for rule, force in one.forces.items()},
                "archive": list(one.archive),
            }
            path.write_text(json.dumps(document))
    data = yaml.safe_load(PARAMS.read_text())
    data["selected"]["seeds"] = [0, 1]
    (root / "params.yaml").write_text(yaml.safe_dump(data))
    names = {name: Path(f"{name}.yaml") for name in ("one", "two")}
    monkeypatch.setattr("evals.benchmarks.registry.chosen", lambda suite, only: names)
    monkeypatch.chdir(root)
    return root


def invoke(*words: str) -> tuple[int, str, BaseException | None]:
    app = typer.Typer()
    register(app)
    app.callback()(lambda: None)
    result = CliRunner().invoke(app, ["compare", *words])
    return result.exit_code, result.output, result.exception


def test_the_command_sets_named_variants_side_by_side_and_writes_nothing(project: Path) -> None:
    before = sorted(project.rglob("*"))
    code, output, _ = invoke("acdc", "no_dns", "--n", "2")
    assert code == 0, output
    assert "acdc   − no_dns" in output
    code, output, _ = invoke("static_tasks", "no_dns", "--n", "1", "--n", "2", "--family", "tiny", "--json")
    assert code == 0
    document = json.loads(output)
    assert [pair["n"] for pair in document["pairs"]] == [1, 2]
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["acdc", "no_dsn"], "did you mean 'no_dns'"),
        (["acdc"], "two variants or more"),
        (["acdc", "acdc"], "each once"),
        (["acdc", "random_search"], "acdc taskforce"),
        (["--n", "3"], "go with names of variants"),
        (["acdc", "no_dns", "--family", "tinny"], "did you mean 'tiny'"),
    ],
)
def test_what_cannot_be_compared_is_said(project: Path, words: list[str], said: str) -> None:
    _, _, error = invoke(*words)
    assert isinstance(error, InputError)
    assert said in str(error)


def earlier() -> dict[str, list[Run]]:
    chosen = runs()
    forces = [{0: ("c", "d"), 5: ("a", "b")}, {0: ("c", "a"), 5: ("a", "d"), 7: ("a", "b")}]
    chosen["acdc"] = [
        replace(one, by_generation=force) for one, force in zip(chosen["acdc"], forces, strict=True)
    ]
    return chosen


def test_coverage_by_generation_and_its_gain_over_the_earliest(results: Path) -> None:
    evidence = gather("tiny", ["one", "two"], earlier(), results, SETTINGS, 8)
    rows = by_generation(evidence, SETTINGS, STATISTICS)
    # Generation 7 is one run's alone, so it is left out. c or d: 2/4, 1/4; c or a: the same. a or b 3/4, 3/4; a or d 2/4, 1/4.
    assert [(row.variant, row.generation, row.n) for row in rows] == [
        ("acdc", 0, 2),
        ("acdc", 5, 2),
        ("acdc", None, 2),
    ]
    assert [row.coverage.mean for row in rows] == pytest.approx([0.375, 0.5625, 0.5625])
    assert rows[0].gain is None
    assert rows[1].gain is not None
    assert rows[1].gain.mean == pytest.approx(0.1875)
    assert rows[1].gain.low <= rows[1].gain.mean <= rows[1].gain.high


def test_earlier_generations_change_nothing_else_in_the_comparison(results: Path) -> None:
    plain, more = (
        whole_comparison(gather("tiny", ["one", "two"], some, results, SETTINGS, 8), SETTINGS, STATISTICS)
        for some in (runs(), earlier())
    )
    assert plain.generations == []
    assert generations_table(plain) is None
    assert more.model_copy(update={"generations": []}) == plain


def test_the_table_shows_generations_in_order_and_the_whole_run_last(results: Path) -> None:
    settings = ComparisonSettings(claim_sizes=(1, 2))
    evidence = gather("tiny", ["one", "two"], earlier(), results, settings, 8)
    comparison = whole_comparison(evidence, settings, STATISTICS)
    table = generations_table(comparison)
    assert table is not None
    shown = table.markdown()
    assert shown.index("generation 0") < shown.index("generation 5") < shown.index("the whole run")
    assert "acdc, N = 2" in shown
    assert "37.5" in shown
    assert "8 questions" in shown
    assert {row["generation"] for row in generation_rows(comparison)} == {0, 5, None}


def test_members_of_earlier_generations_are_evaluated_once(results: Path) -> None:
    one = earlier()["acdc"][1]
    assert one.members(2, thorough=False) == ["a", "d", "c", "b"]
    assert runs()["acdc"][1].members(2, thorough=False) == ["a", "d"]
