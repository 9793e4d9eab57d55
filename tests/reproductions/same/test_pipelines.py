"""Pipelines under several settings: a real DVC runs a stage that writes down what it sees."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from acdc.errors import InfrastructureError, InputError, NotEnoughDataError, ToleranceError
from acdc.parsing.yaml import read_yaml, write_yaml
from reproductions.cli.same import register
from reproductions.same.kernels import Kernels
from reproductions.same.pipelines import MADE, Pipeline, Place, run_pipelines
from reproductions.same.settings import Setting

ROOT = Path(__file__).parents[3]
PLAIN = Setting(says="plain")
# One stage that leaves a task force whose one member is a variable of its environment.
STAGE = """
mkdir -p taskforces/tiny/acdc &&
echo "{\\"forces\\": {\\"coverage\\": [\\"$MEMBER\\"]}, \\"taken\\": $SECONDS_TAKEN}" > taskforces/tiny/acdc/seed-0.json
"""


def project(root: Path, command: str = STAGE) -> Path:
    """A project with the real settings and a pipeline of one stage; its params.yaml."""
    root.mkdir(exist_ok=True)
    shutil.copy(ROOT / "params.yaml", root)
    shutil.copy(ROOT / ".dvcignore", root)
    (root / "small.yaml").write_text("selected: {seeds: [0]}\n")
    stage = {"cmd": " ".join(command.split()), "params": ["engine"], "outs": ["taskforces/tiny/acdc"]}
    (root / "dvc.yaml").write_text(write_yaml({"stages": {"compare": stage}}))
    return root / "params.yaml"


def setting(member: str, **changes: object) -> Setting:
    environment = {"MEMBER": member, "SECONDS_TAKEN": "0"}
    return Setting.model_validate({"says": member, "environment": environment, **changes})


def run(params: Path, settings: dict[str, Setting]) -> tuple[list[Pipeline], list[str]]:
    said: list[str] = []

    def probe(environment: Mapping[str, str], threads: int) -> Kernels:
        return Kernels("", "", "", "", "", threads, {})

    done = run_pipelines(
        settings,
        settings,
        Place(params, params.with_name("small.yaml"), params.parent / "same"),
        shell=os.environ,
        say=said.append,
        probe=probe,
    )
    return done, said


def force(place: Path) -> str:
    return json.loads((place / "taskforces/tiny/acdc/seed-0.json").read_text())["forces"]["coverage"][0]


def test_each_pipeline_sees_its_own_environment_and_settings(tmp_path: Path) -> None:
    params = project(tmp_path / "project")
    two = setting("two", overlay={"engine": {"threads": 2}})
    done, said = run(params, {"one": setting("one"), "two": two})
    assert [force(it.root) for it in done] == ["one", "two"]
    assert [it.kernels.threads for it in done if it.kernels] == [1, 2]
    assert [read_yaml((it.root / "params.yaml").read_text())["engine"].get("threads") for it in done] == [
        None,
        2,
    ]
    assert [line.split(":")[0] for line in said] == ["setting 1 of 2, one (one)", "setting 2 of 2, two (two)"]


def test_a_second_time_nothing_runs_and_other_code_runs_it_anew(tmp_path: Path) -> None:
    params = project(tmp_path / "project")
    settings = {"one": setting("one")}
    place = run(params, settings)[0][0].root
    path = place / "taskforces/tiny/acdc/seed-0.json"
    before = path.stat().st_mtime_ns
    (place / "models").mkdir()
    run(params, settings)
    assert path.stat().st_mtime_ns == before
    made = json.loads((place / MADE).read_text())
    assert made["code"]
    assert made["libraries"]["torch"]
    (place / MADE).write_text(json.dumps(made | {"code": "other"}))
    _, said = run(params, settings)
    assert path.stat().st_mtime_ns != before
    assert (place / "models").is_dir()
    assert "it runs anew" in said[-1]


def test_a_pipeline_that_fails_leaves_the_others_to_be_compared(tmp_path: Path) -> None:
    params = project(tmp_path / "project", f'test "$MEMBER" != bad && {STAGE}')
    settings = {"one": setting("one"), "bad": setting("bad"), "two": setting("two")}
    done, _ = run(params, settings)
    assert [it.finished for it in done] == [True, False, True]
    assert "failed with exit code" in done[1].failed
    with pytest.raises(InfrastructureError, match="failed with exit code"):
        run(params, {"bad": setting("bad"), "one": setting("one")})


def test_a_setting_that_this_machine_lacks_is_left_out_with_a_line(tmp_path: Path) -> None:
    params = project(tmp_path / "project")
    done, said = run(params, {"one": setting("one"), "two": setting("two", processor="no_such_flag")})
    assert done[1].skipped == "this processor has no no_such_flag"
    assert not done[1].root.exists()
    assert said[-1] == "setting 2 of 2, two: left out, this processor has no no_such_flag"


def test_models_trained_under_the_first_setting_serve_the_others_and_shipped_ones_are_not_copied(
    tmp_path: Path,
) -> None:
    params = project(tmp_path / "project")
    one = run(params, {"one": setting("one")})[0][0].root
    for name, facts in (("mine", {"models": {}}), ("theirs", {"models": {}, "from": "shipped"}), ("hub", {})):
        (one / "models" / name / "general").mkdir(parents=True)
        (one / "models" / name / "family.json").write_text(json.dumps(facts))
    done, _ = run(params, {"one": setting("one"), "two": setting("two")})
    assert [path.name for path in (done[1].root / "models").iterdir()] == ["mine"]
    assert (done[1].root / "models/mine/general").is_dir()
    (one / "models/mine/family.json").write_text(json.dumps({"models": {"general": {}}}))
    run(params, {"one": setting("one"), "two": setting("two")})
    assert "general" in (done[1].root / "models/mine/family.json").read_text()


def test_a_directory_that_holds_something_else_is_not_touched(tmp_path: Path) -> None:
    params = project(tmp_path / "project")
    (params.parent / "same/one").mkdir(parents=True)
    (params.parent / "same/one/thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        run(params, {"one": setting("one")})
    assert (params.parent / "same/one/thesis.txt").read_text() == "mine"


def command(params: Path, *arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    files = ["--params", str(params), "--overlay", str(params.with_name("small.yaml"))]
    return CliRunner().invoke(app, ["same", *files, "--root", str(params.parent / "same"), *arguments])


def test_the_command_says_that_all_cells_are_equal(tmp_path: Path) -> None:
    params = project(tmp_path / "project", STAGE.replace("$MEMBER", "same").replace("$SECONDS_TAKEN", "1"))
    result = command(params, "--settings", "two-threads")
    assert result.exit_code == 0, result.output
    assert "same numbers: 0 of 2 cells differ from default (two-threads)" in result.stdout


def test_the_command_names_cells_that_differ(tmp_path: Path) -> None:
    params = project(
        tmp_path / "project", STAGE.replace("$MEMBER", "$OMP_NUM_THREADS").replace("$SECONDS_TAKEN", "1")
    )
    result = command(params, "--settings", "two-threads", "--json")
    assert isinstance(result.exception, ToleranceError)
    assert str(result.exception) == "same numbers: 1 of 2 cells differ from default (two-threads)"
    found = json.loads(result.stdout)
    assert (found["compared"], found["different"]) == (2, 1)
    setting = found["settings"]["two-threads"]
    assert setting["kernels"]["threads"] == 2
    first = setting["cells"]["task forces"]["first"][0]
    assert (first["key"], first["first"], first["second"]) == (["forces", "coverage", "0"], "1", "2")


def test_the_command_fails_where_a_pipeline_fails(tmp_path: Path) -> None:
    stage = STAGE.replace("$MEMBER", "x").replace("$SECONDS_TAKEN", "1")
    params = project(tmp_path / "project", f'test "$OMP_NUM_THREADS" = 1 && {stage}')
    result = command(params, "--settings", "two-threads")
    assert isinstance(result.exception, InfrastructureError)
    assert "not to its end: two-threads" in str(result.exception)


def test_the_command_does_not_call_nothing_equal(tmp_path: Path) -> None:
    params = project(
        tmp_path / "project", "mkdir -p taskforces/tiny/acdc && echo 1 > taskforces/tiny/acdc/none"
    )
    result = command(params, "--settings", "two-threads")
    assert isinstance(result.exception, NotEnoughDataError)
    assert "0 of 0 cells differ" in str(result.exception)
