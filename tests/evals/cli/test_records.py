"""A changed benchmark file is seen by DVC: the stages that ask it run again, and no others."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from acdc.errors import InputError
from acdc.parsing.yaml import read_yaml, write_yaml
from evals.cli.records import register

ROOT = Path(__file__).parents[3]
ACDC = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(ROOT)!r})
import typer
from evals.cli.records import register
app = typer.Typer()
app.callback()(lambda: None)
register(app)
app()
"""


def mmlu_pro(number: int) -> dict[str, Any]:
    return {"question_id": number, "question": f"{number}?", "options": ["a", "b"], "answer": "A"} | {
        "cot_content": "A: a",
        "category": "law",
    }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real settings with two benchmarks from files."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "test.jsonl").write_text(json.dumps(mmlu_pro(70)) + "\n")
    (tmp_path / "data" / "validation.jsonl").write_text(json.dumps(mmlu_pro(1)) + "\n")
    (tmp_path / "data" / "gsm8k.jsonl").write_text('{"question": "?", "answer": "#### 1"}\n')
    document = read_yaml((ROOT / "params.yaml").read_text("utf-8"))
    document["evaluation"] |= {
        "suite": "paper",
        "benchmarks": ["mmlu_pro_llama", "gsm8k_llama"],
        "data": {"mmlu_pro": "data/test.jsonl", "gsm8k": "data/gsm8k.jsonl"},
    }
    (tmp_path / "params.yaml").write_text(write_yaml(document))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*arguments: str) -> Any:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["records", *arguments])


def hashes(project: Path, name: str) -> dict[str, str]:
    assert command(name).exit_code == 0
    found: dict[str, str] = json.loads((project / "records" / f"{name}.json").read_text("utf-8"))
    return found


def test_records_examples_and_task_are_hashed(project: Path) -> None:
    first = hashes(project, "mmlu_pro")
    assert set(first) == {"records", "task mmlu_pro_llama", "examples of mmlu_pro_llama"}
    (project / "data" / "validation.jsonl").write_text(json.dumps(mmlu_pro(2)) + "\n")
    second = hashes(project, "mmlu_pro")
    assert {role for role in first if first[role] != second[role]} == {"examples of mmlu_pro_llama"}


def test_an_entry_or_a_file_that_is_not_there_is_named(project: Path) -> None:
    said = command("gsm8").exception
    assert isinstance(said, InputError)
    assert "did you mean 'gsm8k'" in str(said)
    (project / "data" / "gsm8k.jsonl").unlink()
    assert "fix evaluation.data" in str(command("gsm8k").exception)


def test_the_list_of_benchmarks_is_written(project: Path) -> None:
    assert command().exit_code == 0
    found = json.loads((project / "records" / "suite.json").read_text("utf-8"))
    assert found == {"suite": "paper", "benchmarks": ["mmlu_pro_llama", "gsm8k_llama"]}


def pipeline() -> dict[str, Any]:
    """The project's own stages around records; those that ask them count how often they run."""
    document = read_yaml((ROOT / "dvc.yaml").read_text("utf-8"))
    stages = document["stages"]
    asking = {}
    for name, stage in (("evaluate", stages["evaluate"]), ("baselines", stages["baselines"]["do"])):
        assert "records" in stage["deps"]
        asking[name] = {
            "cmd": f"echo {name} >> log; mkdir -p out; cat records/*.json > out/{name}",
            "deps": ["records"],
            "params": ["evaluation"],
            "outs": [f"out/{name}"],
        }
    kept = {name: stages[name] for name in ("suite", "records")}
    return {"vars": document["vars"], "stages": kept | asking}


@pytest.mark.slow
def test_a_changed_file_runs_evaluate_and_baselines_again(project: Path) -> None:
    (project / "dvc.yaml").write_text(write_yaml(pipeline()))
    (program := project / ".venv" / "bin" / "acdc").parent.mkdir(parents=True)
    program.write_text(ACDC)
    program.chmod(0o755)
    dvc = str(Path(sys.executable).with_name("dvc"))

    def repro() -> int:
        environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
        subprocess.run([dvc, "repro"], cwd=project, env=environment, check=True, capture_output=True)
        return len((project / "log").read_text().splitlines())

    subprocess.run([dvc, "init", "--no-scm", "--quiet"], cwd=project, check=True)
    assert repro() == 2
    with (project / "data" / "gsm8k.jsonl").open("a") as file:
        file.write('{"question": "!", "answer": "#### 2"}\n')
    assert repro() == 4
    (project / "data" / "validation.jsonl").write_text(json.dumps(mmlu_pro(2)) + "\n")
    assert repro() == 6
    assert repro() == 6


def test_without_files_no_stage_looks_at_any(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text("utf-8"))
    (tmp_path / "dvc.yaml").write_text((ROOT / "dvc.yaml").read_text("utf-8"))
    dvc = str(Path(sys.executable).with_name("dvc"))
    subprocess.run([dvc, "init", "--no-scm", "--quiet"], cwd=tmp_path, check=True)
    listed = subprocess.run(
        [dvc, "stage", "list", "--name-only"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout.split()
    assert [name for name in listed if name.startswith(("suite", "records"))] == ["suite"]
