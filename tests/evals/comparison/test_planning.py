import json
import math

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from acdc.errors import InputError, NotEnoughDataError
from evals.cli.power import register
from evals.comparison.planning import Design, Spreads, estimated, main_claim, reaches
from evals.statistics.power import minimum_detectable_effect, units_needed
from tests.reproductions.world import comparison

PLAN = Design(questions=100, benchmarks=8, runs=3, families=12)
KNOWN = Spreads(disagreement=0.25, benchmarks=0.0, runs=0.01, families=0.025)


def by_unit(design, spreads, **more):
    return {row.over: row for row in reaches(design, spreads, **more)}


def invoke(*arguments):
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["power", *arguments])


def test_each_kind_of_unit_has_the_effect_that_its_own_spread_allows():
    rows = by_unit(PLAN, KNOWN)
    assert rows["questions"].detectable == pytest.approx(minimum_detectable_effect(0.5, 800))
    assert rows["benchmarks"].detectable == pytest.approx(minimum_detectable_effect(0.05, 8))
    assert rows["runs"].detectable == pytest.approx(minimum_detectable_effect(0.01, 3))
    sd = math.sqrt(0.025**2 + 0.01**2 / 3 + 0.25 / 800)
    assert rows["families"].detectable == pytest.approx(minimum_detectable_effect(sd, 12))


def test_an_effect_asks_for_as_many_families_as_the_t_test_needs():
    row = by_unit(PLAN, KNOWN, effect=0.02)["families"]
    assert row.needed == units_needed(0.02, row.sd)


def test_what_is_not_known_or_single_says_so_instead_of_guessing():
    rows = by_unit(Design(100, 8), Spreads(0.25), effect=0.02)
    assert rows["benchmarks"].reason == "the spread between benchmarks is not known"
    assert rows["families"].detectable is None
    single = by_unit(Design(100, 8), Spreads(0.25, families=0.02), effect=0.02)["families"]
    assert single.reason == "a single one shows no spread"
    assert single.needed is not None
    assert single.needed > 1


def test_estimated_spreads_are_what_the_comparison_holds():
    made = comparison()
    spreads, design = estimated([made])
    claim = main_claim(made, None, None)
    assert claim.rival.startswith("Control")
    assert (design.questions, design.benchmarks, design.runs, design.families) == (24, 8, 3, 1)
    assert spreads.runs == pytest.approx(0.01)
    assert spreads.benchmarks == 0.0  # the made-up claim has the same difference everywhere
    assert spreads.families is None
    each = [
        np.var(np.subtract(made.solves[claim.ours][b], made.solves[claim.rival][b]), ddof=1)
        for b in made.benchmarks
    ]
    assert spreads.disagreement == pytest.approx(np.mean(each))


def test_a_spread_between_benchmarks_is_found_again_in_a_simulated_world():
    rng = np.random.default_rng(5)
    found = []
    for _ in range(40):
        made = comparison().model_dump(mode="json")
        claim = next(c for c in made["claims"] if c["rival"].startswith("Control") and c["n"] == 8)
        true = rng.normal(0.05, 0.15, 8)
        for effect, name in zip(true, made["benchmarks"], strict=True):
            ours, theirs = rng.random(24) < 0.5 + effect / 2, rng.random(24) < 0.5 - effect / 2
            made["solves"][claim["ours"]][name] = ours.astype(float).tolist()
            made["solves"][claim["rival"]][name] = theirs.astype(float).tolist()
            claim["benchmarks"][name] = float(ours.mean() - theirs.mean())
        spreads, _ = estimated([type(comparison()).model_validate(made)])
        found.append(spreads.benchmarks**2)
    assert math.sqrt(np.mean(found)) == pytest.approx(0.15, abs=0.03)


def test_several_families_show_what_differs_between_them():
    spreads, design = estimated([comparison(offset=shift) for shift in (-0.2, 0.0, 0.2)])
    assert design.families == 3
    assert 0.15 < spreads.families < 0.2


def test_a_claim_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(InputError, match="Experts \\(N=8\\)"):
        main_claim(comparison(), "nobody", None)
    with pytest.raises(NotEnoughDataError, match="largest N only"):
        estimated([comparison()], n=3)
    with pytest.raises(NotEnoughDataError):
        estimated([])


@pytest.mark.parametrize(
    ("design", "spreads"),
    [(Design(0, 8), Spreads(0.2)), (Design(9, 8), Spreads(1.5)), (Design(9, 8), Spreads(0.2, runs=2.0))],
)
def test_numbers_outside_their_range_are_refused(design, spreads):
    with pytest.raises(InputError):
        reaches(design, spreads)


def test_the_command_prints_points_and_counts():
    result = invoke("--between-families", "2.5", "--families", "12", "--effect", "2", "--questions", "1000")
    assert result.exit_code == 0
    assert "over    12 families    " in result.output
    assert "2 points need" in result.output
    assert "unknown: the spread between benchmarks is not known" in result.output


def test_the_command_as_json_reads_spreads_from_a_comparison_and_lets_options_win(tmp_path):
    path = tmp_path / "tiny.json"
    path.write_text(comparison().model_dump_json())
    result = invoke(
        "--from", str(path), "--families", "12", "--between-families", "2.5", "--effect", "2", "--json"
    )
    document = json.loads(result.output)
    assert document["design"] == {"questions": 24, "benchmarks": 8, "runs": 3, "families": 12}
    assert document["spreads"]["families"] == 0.025
    rows = {row["over"]: row for row in document["reaches"]}
    assert rows["families"]["needed"] >= 12
    assert document["test"] == {"power": 0.8, "alpha": 0.05, "sides": 1}


def test_a_missing_or_damaged_comparison_is_bad_input(tmp_path):
    (tmp_path / "bad.json").write_text("{}")
    for name in ("none.json", "bad.json"):
        assert isinstance(invoke("--from", str(tmp_path / name)).exception, InputError)


def test_a_rival_without_a_comparison_is_bad_input():
    assert isinstance(invoke("--rival", "Experts").exception, InputError)
