import json
from pathlib import Path

import numpy as np
import pytest
import typer
from pydantic import ValidationError
from scipy import stats
from typer.testing import CliRunner

from acdc.errors import InputError, NotEnoughDataError, ToleranceError
from evals.comparison.document import Comparison
from reproductions.cli.verify import register
from reproductions.paper.published import read_published
from reproductions.verify.expected import (
    Expected,
    ExpectedCell,
    expected_file,
    expected_of,
    read_expected,
    verify,
)
from reproductions.verify.paper import published_expected
from tests.reproductions.world import comparison

BENCHMARKS = {f"b{i}": 60 for i in range(6)}


def world(rng, *, runs=3, run_sd=0.02, shift=0.0, variants=3):
    """A comparison of task forces whose runs and questions are drawn anew."""
    base = comparison()
    methods = []
    for variant in range(variants):
        true = np.linspace(0.1, 0.8, len(BENCHMARKS)) + rng.normal(0, run_sd, (runs, len(BENCHMARKS))) + shift
        # A question is as hard for every run: what is drawn is shared, as in a real comparison.
        hardness = rng.random((len(BENCHMARKS), 60))
        solved = (hardness[None] < true[:, :, None]).mean(axis=2)
        methods.append(
            {
                "id": f"v{variant}/coverage",
                "name": f"v{variant}",
                "group": "ours" if variant == 0 else "variant",
                "variant": f"v{variant}",
                "coverage": [
                    {
                        "n": 8,
                        "coverage": {"mean": solved.mean(), "low": 0, "high": 1},
                        "benchmarks": dict(zip(BENCHMARKS, solved.mean(axis=0), strict=True)),
                        "runs": solved.mean(axis=1).tolist(),
                        "models": 8,
                        "parameters": None,
                        "tokens": 1,
                        "flops": None,
                    }
                ],
            }
        )
    claim = base.claims[0].model_dump() | {"n": 8, "rival_n": 8}
    changed = {"methods": methods, "benchmarks": BENCHMARKS, "runs": list(range(runs)), "claims": [claim]}
    return Comparison.model_validate(base.model_dump() | changed)


def alarms(worlds):
    return np.mean([any(v.verdict == "outside" for v in verify(expected_of(a), b)) for a, b in worlds])


def test_measurements_of_the_same_world_are_called_different_in_at_most_one_of_twenty_cases():
    rng = np.random.default_rng(1)
    assert alarms((world(rng), world(rng)) for _ in range(120)) <= 0.05


def test_a_world_that_is_fifteen_points_worse_is_found():
    rng = np.random.default_rng(2)
    assert alarms((world(rng), world(rng, shift=-0.15)) for _ in range(30)) >= 0.9


def test_a_comparison_is_within_its_own_expectations():
    made = comparison()
    verdicts = verify(expected_of(made), made)
    assert {verdict.verdict for verdict in verdicts} == {"within"}
    assert len(verdicts) == sum(
        (len(m.coverage[0].benchmarks) + 1) * len([at for at in m.coverage if at.n in (1, 3, 8)])
        for m in made.methods
        if m.coverage
    )


def test_the_tolerance_grows_with_the_number_of_cells_and_shrinks_with_questions():
    made = comparison()
    whole = expected_of(made)
    one = whole.model_copy(update={"cells": whole.cells[:1]})
    assert verify(one, made)[0].tolerance < verify(whole, made)[0].tolerance
    rich = made.model_copy(update={"benchmarks": dict.fromkeys(made.benchmarks, 2400)})
    assert verify(one, rich)[0].tolerance < verify(one, made)[0].tolerance


def test_a_mean_over_families_is_verified_by_the_prediction_interval_for_one_more():
    made = comparison()
    found = made.method("acdc/coverage").coverage[-1]
    ours = float(np.mean(list(found.benchmarks.values())))
    cell = ExpectedCell(
        method="acdc/coverage", n=8, benchmarks=made.benchmarks, value=ours, families=12, family_sd=0.02
    )
    one = Expected(schema_version=1, family="tiny", source="", cells=[cell])
    half = 0.02 * np.sqrt(1 + 1 / 12) * stats.t.isf(0.025, 11)
    assert verify(one, made)[0].tolerance == pytest.approx(half)
    shifted = cell.model_copy(update={"value": ours + 1.01 * half})
    assert verify(one.model_copy(update={"cells": [shifted]}), made)[0].verdict == "outside"


def test_a_difference_is_verified_as_one_number():
    made = comparison()
    ours, rival = (made.method(name).coverage[-1] for name in ("acdc/coverage", "random_search/coverage"))
    gap = float(np.mean(list(ours.benchmarks.values())) - np.mean(list(rival.benchmarks.values())))
    cell = ExpectedCell(
        method="acdc/coverage",
        rival="random_search/coverage",
        n=8,
        benchmarks=made.benchmarks,
        value=-0.01,
        families=12,
        family_sd=0.02,
    )
    verdict = verify(Expected(schema_version=1, family="tiny", source="", cells=[cell]), made)[0]
    assert verdict.measured == pytest.approx(gap)
    gone = cell.model_copy(update={"rival": "no_selection/coverage"})
    verdict = verify(Expected(schema_version=1, family="tiny", source="", cells=[gone]), made)[0]
    assert (verdict.verdict, verdict.reason) == ("not measured", "no_selection/coverage was not measured")


def test_a_spread_of_one_family_and_a_difference_without_a_spread_are_refused():
    known = {"method": "a", "n": 8, "benchmarks": {"b": 9}, "value": 0.1}
    for more in ({"family_sd": 0.1}, {"rival": "b"}, {"value": -0.1}):
        with pytest.raises(ValidationError):
            ExpectedCell(**(known | more))


def test_a_single_run_leaves_what_depends_on_runs_undecided():
    made = comparison()
    rng = np.random.default_rng(0)
    single = world(rng, runs=1)
    with pytest.raises(NotEnoughDataError):
        expected_of(single)
    bare = [cell.model_copy(update={"run_sd": None}) for cell in expected_of(world(rng)).cells]
    expected = Expected(schema_version=1, family="tiny", source="", cells=bare)
    assert {verdict.verdict for verdict in verify(expected, single)} == {"undecided"}
    assert {verdict.verdict for verdict in verify(expected, made)} == {"not measured"}


def test_names_with_other_case_and_marks_are_the_same_benchmark_and_patterns_find_methods():
    made = world(np.random.default_rng(0))
    cell = expected_of(made).cells[0].model_copy(update={"benchmarks": {"B-0": 0}, "method": "v0/*"})
    expected = Expected(schema_version=1, family="tiny", source="", cells=[cell])
    assert verify(expected, made)[0].verdict == "within"
    several = expected.model_copy(update={"cells": [cell.model_copy(update={"method": "v*"})]})
    with pytest.raises(InputError, match="name one of them"):
        verify(several, made)


@pytest.mark.parametrize(("family", "expected"), published_expected().items())
def test_the_files_of_the_published_families_are_what_the_tables_say(family, expected):
    assert read_expected(expected_file(family)) == expected
    # 7 rows of nine columns: table 6 has six, table 12 two, of which AC/DC at N=8 stands in both.
    # Of Llama3 only table 8 is printed, with six rows.
    assert len(expected.cells) == (54 if family == "llama3" else 63)


def test_a_cell_that_stands_in_two_published_tables_has_one_value():
    cells = {}
    for cell in read_published(expected_file("x").parents[1] / "paper" / "published.csv"):
        if cell.table in ("table6", "table12") and cell.method == "AC/DC":
            cells.setdefault((cell.family, cell.n, cell.benchmark), set()).add(cell.value)
    assert all(len(values) == 1 for values in cells.values())


def invoke(*arguments):
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["verify", "tiny", *map(str, arguments)])


@pytest.fixture
def files(tmp_path):
    made = tmp_path / "comparison.json"
    made.write_text(comparison().model_dump_json())
    return "--comparison", made, "--expected", tmp_path / "expected.json"


def test_what_was_written_verifies_and_a_change_is_printed_with_exit_3(files, tmp_path):
    assert "Written" in invoke(*files, "--write").output
    result = invoke(*files)
    assert result.exit_code == 0
    count = len(json.loads((tmp_path / "expected.json").read_text())["cells"])
    assert result.output == (
        f"tiny: {count} of {count} numbers lie within their tolerance of the expected ones; "
        "expected: 3 run seeds, 192 questions\n"
    )
    document = json.loads((tmp_path / "expected.json").read_text())
    document["cells"][0]["value"] = 0.999
    (tmp_path / "expected.json").write_text(json.dumps(document))
    result = invoke(*files)
    assert isinstance(result.exception, ToleranceError)
    assert f"{count - 1} of {count} numbers lie within" in str(result.exception)
    assert ", 1 outside; expected: 3 run seeds" in str(result.exception)
    assert result.output.startswith("outside: acdc/coverage N=1 colon: measured")
    assert "expected 99.90, tolerance ±" in result.output


def test_missing_numbers_end_with_4_and_say_which(files, tmp_path):
    assert isinstance(invoke(*files).exception, NotEnoughDataError)
    invoke(*files, "--write")
    document = json.loads((tmp_path / "expected.json").read_text())
    for cell in document["cells"][:5]:
        cell["method"] = "another"
    (tmp_path / "expected.json").write_text(json.dumps(document))
    result = invoke(*files)
    assert isinstance(result.exception, NotEnoughDataError)
    assert "not measured: the method was not measured: another N=1 colon" in result.output
    assert "and 2 more" in result.output
    assert json.loads(invoke(*files, "--json").output)["summary"]["not measured"] == 5


def test_a_family_that_was_not_measured_ends_with_4_and_damage_with_2(tmp_path):
    result = invoke("--comparison", tmp_path / "none.json", "--write", "--expected", tmp_path / "e.json")
    assert isinstance(result.exception, NotEnoughDataError)
    (tmp_path / "e.json").write_text('{"family": 1}')
    assert isinstance(invoke("--expected", tmp_path / "e.json").exception, InputError)
    (tmp_path / "bad.json").write_text("[]")
    result = invoke("--comparison", tmp_path / "bad.json", "--write", "--expected", tmp_path / "e.json")
    assert isinstance(result.exception, InputError)


def test_a_family_that_is_not_known_is_bad_input_with_the_nearest_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    result = CliRunner().invoke(app, ["verify", "tinny"])
    assert isinstance(result.exception, InputError)
    assert "did you mean tiny?" in str(result.exception)
    Path("params.yaml").touch()
    assert isinstance(CliRunner().invoke(app, ["verify", "qwen2"]).exception, NotEnoughDataError)


def test_outside_a_project_a_known_family_is_bad_input_and_not_unmeasured(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke()
    assert isinstance(result.exception, InputError)
    assert "run in the project's folder" in str(result.exception)


def test_numbers_of_several_families_say_that_one_more_should_lie_there(files, tmp_path):
    invoke(*files, "--write")
    document = json.loads((tmp_path / "expected.json").read_text())
    document["source"] = "12 independently trained families"
    for cell in document["cells"]:
        cell |= {"families": 12, "family_sd": 0.02}
    (tmp_path / "expected.json").write_text(json.dumps(document))
    count = len(document["cells"])
    assert (
        f"tiny: {count} of {count} numbers lie where one more family should; expected: 12"
        in invoke(*files).output
    )
