"""Bad input stops the commands with exit code 2 before anything is written."""

from pathlib import Path

import pytest

from acdc.cli.app import run
from acdc.parsing.yaml import read_yaml

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose settings are the real ones, without models or runs."""
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text("utf-8"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def nothing_but_settings(project: Path) -> bool:
    return [path.name for path in project.rglob("*")] == ["params.yaml"]


@pytest.mark.parametrize("command", [["evaluate", "tiny", "acdc"], ["baselines", "tiny"], ["compare"]])
def test_a_missing_stage_is_named(
    project: Path, command: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(command) == 2
    said = capfd.readouterr().err
    assert "acdc seeds" in said or "acdc taskforce" in said
    assert nothing_but_settings(project)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["evaluate", "tiny", "acdcc"], "did you mean 'acdc'"),
        (["baselines", "tini"], "did you mean 'tiny'"),
        (
            ["compare", "-S", "evaluation.question=3"],
            "evaluation.question: unknown key; did you mean 'questions'",
        ),
        (["compare", "-S", "baselines.noise.factors=[0]"], "baselines.noise.factors.0"),
    ],
)
def test_a_misspelt_name_gets_the_nearest(
    project: Path, command: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(command) == 2
    assert said in capfd.readouterr().err
    assert nothing_but_settings(project)


def test_the_settings_of_the_project_are_those_of_the_sections() -> None:
    from evals.settings import BaselineSettings, EvaluationSettings

    document = read_yaml((ROOT / "params.yaml").read_text("utf-8"))
    assert EvaluationSettings.model_validate(document["evaluation"]).suite == "tiny"
    assert BaselineSettings.model_validate(document["baselines"]).control.draws >= 8
