"""`acdc reproduce`: its settings, what it takes, and what it refuses before anything is rented."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from acdc.cli.pipeline import _stages
from acdc.config.config import parse
from acdc.errors import InfrastructureError, InputError
from acdc.parsing.yaml import read_yaml, write_yaml
from reproductions.cli.reproduce import register
from reproductions.replicate.reproduction import (
    COMMON,
    FOLDER,
    benchmarks,
    check_records,
    estimate,
    families,
    read_hardware,
    records,
    settings,
)
from reproductions.verify.expected import expected_file, read_expected
from tests.reproductions.measured_families import write

ROOT = Path(__file__).parents[3]
PARAMS = ROOT / "params.yaml"
FAMILIES = ("deepseek", "llama3", "qwen2", "qwen2.5", "qwen3")
Invoke = Callable[..., Result]


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """The command in a folder with the project's settings and no records."""
    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "dvc.yaml", ".dvcignore"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return lambda *words: CliRunner().invoke(app, ["reproduce", *words])


def plan(invoke: Invoke, *words: str) -> dict[str, Any]:
    result = invoke(*words, "--dry-run", "--json")
    assert result.exit_code == 0, result.exception
    return dict(json.loads(result.output))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_parameters_hardware_notes_and_expected_numbers(family: str) -> None:
    assert families() == list(FAMILIES)
    folder = FOLDER / family
    assert len((folder / "NOTES.md").read_text(encoding="utf-8")) > 500
    assert read_hardware(family).published.gpu_hours == 324
    assert read_expected(expected_file(family)).family == family
    config = parse(settings(PARAMS, family, ROOT / "nowhere"))
    assert config.selected.families == [family]
    run = config.evolution(family, "acdc")
    assert (run.generations, run.population, run.crossover.std, run.mutation.scale) == (50, 16, 0.5, 0.25)
    assert run.gibberish.kind == "llm"
    assert (config.taskforce.forced, config.taskforce.excluded) == (["general"], ["code", "math"])


def test_a_dry_run_says_what_it_would_do_and_what_it_would_cost(invoke: Invoke) -> None:
    found = plan(invoke, "qwen2")
    assert found["models"]["base"] == "Qwen/Qwen2-7B"
    assert found["published"] == {"gpu_hours": 324, "money": 810}
    assert found["runs"]["acdc"]["individuals"] == 16 + 50 * 8
    assert found["estimate"]["gpu_hours"] == pytest.approx(
        sum(found["estimate"][part] for part in ("evolution", "measuring", "big")), abs=0.2
    )
    assert found["not_pinned"] == ["code"]
    text = invoke("qwen2", "--dry-run").output
    assert "published: 324 GPU-hours a run = 810 USD at 2.5 an hour (2026-11-20" in text
    assert "assumed, not measured: tokens per second 3000" in text
    assert not (Path.cwd() / "build").exists()


def test_price_and_throughput_are_the_readers_own(invoke: Invoke) -> None:
    cheap = plan(invoke, "qwen2", "--price", "1")
    assert cheap["published"]["money"] == 324
    assert cheap["estimate"]["money"] == pytest.approx(cheap["estimate"]["gpu_hours"], abs=0.05)
    fast = plan(invoke, "qwen2", "--tokens-per-second", "30000")
    assert fast["estimate"]["measuring"] == pytest.approx(cheap["estimate"]["measuring"] / 10, rel=0.01)
    assert fast["estimate"]["evolution"] < cheap["estimate"]["evolution"]


def test_the_estimate_is_the_sum_of_its_counts() -> None:
    words: dict[str, Any] = {"selected": {"variants": ["acdc", "static_tasks"], "seeds": [0, 1]}}
    config = parse(settings(PARAMS, "qwen2", ROOT / "nowhere", [words]))
    hardware = read_hardware("qwen2")
    answering = 71_680_000 * 0.5 / 3000 / 3600
    breeding = (416 - 3) * 3 / 60
    writing = (900 + 10 * 150) * (2 + 2 * 3) * 2000 * 0.5 / 600 / 3600
    static = 900 * (2 + 2 * 3) * 2000 * 0.5 / 600 / 3600
    wanted = 5 * 2 * (2 * (answering + breeding) + writing + static)
    assert estimate(config, config.run_specs("qwen2"), hardware).evolution == pytest.approx(wanted)


def test_records_are_found_by_their_names_and_beside_their_examples(tmp_path: Path) -> None:
    (tmp_path / "gsm8k.jsonl").touch()
    (tmp_path / "mmlu_pro").mkdir()
    (tmp_path / "mmlu_pro" / "test.parquet").touch()
    (tmp_path / "mmlu_pro" / "validation.parquet").touch()
    found = records(tmp_path)
    assert found["gsm8k"] == str(tmp_path / "gsm8k.jsonl")
    assert found["mmlu_pro"] == str(tmp_path / "mmlu_pro" / "test.parquet")
    made = settings(PARAMS, "qwen2", tmp_path, [{"evaluation": {"data": {"humaneval": "mine.jsonl"}}}])
    assert made["evaluation"]["data"]["humaneval"] == "mine.jsonl"
    with pytest.raises(
        InputError, match=r"lacks the records of .*bbh.*, math, mbpp.*: each is NAME\.jsonl"
    ) as caught:
        check_records(parse(made), tmp_path)
    assert not {"gsm8k", "humaneval", "mmlu_pro"} & set(str(caught.value).split(":")[0].split(", "))


def test_benchmarks_that_this_version_lacks_are_left_out_and_said() -> None:
    wanted = read_yaml(COMMON.read_text(encoding="utf-8"))["evaluation"]["benchmarks"]
    measured, without = benchmarks([*wanted, "of_another_time"])
    assert "gsm8k_llama" in measured
    assert without[-1] == "of_another_time"
    assert sorted([*measured, *without]) == sorted([*wanted, "of_another_time"])


def test_missing_records_end_it_before_anything_else(invoke: Invoke) -> None:
    result = invoke("qwen2")
    assert isinstance(result.exception, InputError)
    assert "evaluation.data" in str(result.exception)
    assert not (Path.cwd() / "build").exists()


def test_the_plan_says_by_which_names_records_were_looked_for_and_what_has_another(invoke: Invoke) -> None:
    data = Path.cwd() / "data"
    (data / "gsm8k").mkdir(parents=True)
    (data / "gsm8k" / "dev.jsonl").write_text(
        '{"question": "1 + 1?", "answer": "#### 2"}\n', encoding="utf-8"
    )
    words = ["qwen2", "-S", "evaluation.benchmarks=[gsm8k_llama]"]
    printed = invoke(*words, "--dry-run").output
    looked = "looked for NAME.jsonl, NAME.parquet, NAME/test.jsonl or NAME/test.parquet"
    assert f"  missing: gsm8k; {looked}; there, but not named so: gsm8k/dev.jsonl\n" in printed
    assert "gsm8k/dev.jsonl" in str(invoke(*words).exception)
    (data / "gsm8k" / "dev.jsonl").rename(data / "gsm8k" / "test.jsonl")
    assert "looked for" not in invoke(*words, "--dry-run").output


def test_models_that_cannot_be_had_end_it_before_anything_is_written(invoke: Invoke) -> None:
    data = Path.cwd() / "data"
    data.mkdir()
    (data / "gsm8k.jsonl").write_text('{"question": "1 + 1?", "answer": "#### 2"}\n', encoding="utf-8")
    result = invoke("qwen2", "-S", "evaluation.benchmarks=[gsm8k_llama]")
    assert isinstance(result.exception, InfrastructureError)  # tests are offline
    assert "Qwen/Qwen2-7B" in str(result.exception)
    assert not (Path.cwd() / "build").exists()


def test_at_the_end_ours_are_compared_with_the_papers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from reproductions.cli.reproduce import _show

    write(tmp_path, "llama3")
    _show("llama3", tmp_path)
    printed = capsys.readouterr().out
    assert "Table 8" in printed
    assert "| AC/DC | 8 | ours |" in printed
    assert f"acdc verify llama3 --comparison {tmp_path / 'comparison' / 'llama3.json'}" in printed


@pytest.mark.parametrize("words", [["qwen22"], ["tiny"], ["qwen2", "-S", "evolution.generatoins=3"]])
def test_what_does_not_exist_is_bad_input(invoke: Invoke, words: list[str]) -> None:
    assert isinstance(invoke(*words, "--dry-run").exception, InputError)


def test_a_hardware_file_with_a_wrong_figure_is_named() -> None:
    with pytest.raises(InputError, match=r"hardware\.yaml\.gpus\.individuals"):
        read_hardware("qwen2", {"gpus": {"individuals": 0}})


def test_of_a_family_with_a_dot_in_its_name_dvc_watches_all(tmp_path: Path) -> None:
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    assert _stages(text, ["tiny", "qwen2"]) == text
    dotted = _stages(text, ["qwen2.5"])
    assert "- families." not in dotted
    (tmp_path / "dvc.yaml").write_text(dotted, encoding="utf-8")
    made = settings(PARAMS, "qwen2.5", ROOT / "nowhere")
    (tmp_path / "params.yaml").write_text(write_yaml(made), encoding="utf-8")
    dvc = Path(sys.executable).parent / "dvc"
    variables = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    subprocess.run([dvc, "init", "--no-scm", "--quiet"], cwd=tmp_path, env=variables, check=True)
    done = subprocess.run(
        [dvc, "repro", "--dry", "seeds@qwen2.5"],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "acdc seeds qwen2.5" in done.stdout
