"""The study's plan, its settings and its inference over families; made-up families, real pipeline definition."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer
from scipy import stats
from typer.testing import CliRunner

from acdc.config.config import parse
from acdc.errors import InputError, NotEnoughDataError
from acdc.parsing.validation import merged
from acdc.parsing.yaml import read_yaml, write_yaml
from evals.significance import holm
from reproductions.cli.study import register
from reproductions.study.family_scores import scores_of
from reproductions.study.study import differences, hours, overlay, read_settings, study_table
from tests.reproductions import world
from tests.reproductions.conftest import PARAMS


@pytest.fixture(scope="module")
def asked():
    """A miniature: two questions about methods of the made-up comparison."""
    whole = read_settings()
    questions = {name: whole.questions[name] for name in ("total", "evolution")}
    return whole.model_copy(update={"families": 3, "sizes": (8,), "questions": questions})


def families(*shifts):
    return [
        scores_of(world.comparison(offset=shift, seed=i).model_copy(update={"family": f"tiny-{i}"}))
        for i, shift in enumerate(shifts)
    ]


def invoke(*arguments):
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["study", "--params", str(PARAMS), *map(str, arguments)])


def test_the_settings_in_the_project_fit_the_projects_parameters():
    settings = read_settings()
    config = parse(merged(read_yaml(PARAMS.read_text()), overlay(settings)), PARAMS)
    assert config.selected.families == settings.names()
    assert len({config.family(name).train["seed"] for name in settings.names()}) == settings.families
    needed = {
        q.split("/")[0] for question in settings.questions.values() for q in (question.ours, question.rival)
    }
    assert {name for name in needed if name in config.variants} <= set(settings.variants)


def test_a_difference_is_that_of_two_rows_in_each_family(asked):
    rows = differences(asked, families(0.0, 0.1))
    assert [row["question"] for row in rows] == ["total", "total", "evolution", "evolution"]
    made = world.comparison(offset=0.0, seed=0)
    control = next(m for m in made.methods if m.name == "Control, general × N, T = 0.7")
    expected = made.method("acdc/coverage").coverage[-1].coverage.mean - control.coverage[-1].coverage.mean
    assert rows[0]["difference"] == pytest.approx(expected)


def test_answers_are_t_over_families_and_corrected_together(asked):
    made = families(0.0, 0.05, 0.08)
    rows = differences(asked, made)
    frame = study_table(asked, made).frame
    p_values = []
    for name in ("total", "evolution"):
        values = [row["difference"] for row in rows if row["question"] == name]
        row = frame[frame["question"] == name].iloc[0]
        test = stats.ttest_1samp(values, 0)
        interval = test.confidence_interval(0.95)
        assert (row["mean"], row["low"], row["high"]) == pytest.approx(
            (np.mean(values), interval.low, interval.high)
        )
        assert row["sd"] == pytest.approx(np.std(values, ddof=1))
        p_values.append(test.pvalue)
    assert frame["holm"].tolist() == pytest.approx(holm(p_values).tolist())


def test_a_gain_in_every_one_of_many_families_is_found_and_chance_is_not(asked):
    rng = np.random.default_rng(0)
    steady = study_table(asked, families(*rng.normal(0.05, 0.01, 8))).frame
    assert set(steady["verdict"]) == {"gain"}
    mixed = study_table(asked, families(*np.linspace(-0.166, 0.034, 8))).frame
    assert mixed[mixed["question"] == "total"]["verdict"].iloc[0] == "undecided"
    lost = study_table(asked, families(*rng.normal(-0.3, 0.01, 8)))
    assert set(lost.frame["verdict"]) == {"loss"}
    assert "0 of 8" in lost.markdown()


def test_what_is_not_there_is_named(asked):
    with pytest.raises(NotEnoughDataError, match="two or more"):
        differences(asked, families(0.0))
    with pytest.raises(NotEnoughDataError, match="tiny-0 has no acdc/coverage at N=9"):
        differences(asked.model_copy(update={"sizes": (9,)}), families(0.0, 0.0))


def test_hours_add_up_what_stages_took(asked):
    took = {"seeds tiny": 100, "baselines tiny": 20, "evolve tiny acdc": 60, "taskforce tiny acdc": 5}
    assert hours(asked, took, 2) is None
    took |= {"evaluate tiny acdc": 35, "evolve tiny no_dns": 40}
    cell = (50 + 5 + 35) * len(asked.run_seeds) / 2
    assert hours(asked, took, 2) == pytest.approx(3 * (120 + len(asked.variants) * cell) / 3600)


def test_a_dry_run_plans_and_writes_nothing(tmp_path):
    result = invoke("--root", tmp_path / "study", "--dry-run")
    assert result.exit_code == 0
    assert "12 families × 2 run seeds × 6 variants = 144 runs" in result.output
    plan = json.loads(invoke("--root", tmp_path / "study", "--dry-run", "--json").output)
    assert plan["claims"] == 15
    assert 0.02 < plan["detectable"] < 0.03
    assert not (tmp_path / "study").exists()


def test_kept_answers_are_found_in_their_folder(tmp_path):
    kept = Path(__file__).parents[3] / "reproductions/tiny/study"
    by_folder = invoke("--root", tmp_path / "study", "--from", kept)
    assert by_folder.exit_code == 0, by_folder.exception
    assert by_folder.stdout.strip() == (kept / "study.md").read_text("utf-8").strip()
    assert (
        by_folder.stdout == invoke("--root", tmp_path / "study", "--from", kept / "answers.jsonl.gz").stdout
    )
    assert "answers.jsonl.gz" in str(invoke("--from", tmp_path).exception)


def test_bad_settings_are_refused_before_anything_is_written(tmp_path):
    bad = tmp_path / "study.yaml"
    whole = read_yaml((Path(__file__).parents[3] / "reproductions/tiny/study.yaml").read_text())
    for change in ({"families": 1}, {"overlay": {"evolushion": {}}}, {"more": 1}):
        bad.write_text(write_yaml(whole | change))
        assert isinstance(invoke("--settings", bad, "--root", tmp_path / "s").exception, InputError)
    assert isinstance(invoke("--settings", tmp_path / "none.yaml").exception, InputError)
    assert not (tmp_path / "s").exists()


def test_dvc_finds_every_stage_of_every_family(tmp_path, asked):
    data = merged(read_yaml(PARAMS.read_text()), overlay(asked))
    (tmp_path / "params.yaml").write_text(write_yaml(data))
    (tmp_path / "dvc.yaml").write_bytes((PARAMS.parent / "dvc.yaml").read_bytes())
    dvc = str(Path(sys.executable).with_name("dvc"))
    subprocess.run([dvc, "init", "--no-scm", "--quiet"], cwd=tmp_path, check=True)
    listed = subprocess.run(
        [dvc, "stage", "list", "--name-only"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout.split()
    for stage, count in {"seeds": 3, "evolve": 18, "taskforce": 18, "evaluate": 18, "baselines": 3}.items():
        assert sum(name.startswith(f"{stage}@") for name in listed) == count
