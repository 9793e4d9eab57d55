"""Results as other programs read them: lm-eval's logs are read back, every_eval_ever's documents pass its own schema."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from acdc.errors import InputError
from evals.answering.benchmark_run import WITHHELD
from evals.answering.harness import Job, Model
from evals.cli.results import register
from evals.correctness import from_samples, read
from evals.exports.every_eval_ever import every_eval_ever
from evals.exports.exports import answered, lm_eval_logs
from tests.evals.cli.test_coverage_command import report
from tests.evals.comparison.test_build import compared
from tests.evals.comparison.test_build import results as compared_results  # noqa: F401 - a fixture
from tests.reproductions.conftest import PARAMS

SCHEMAS = Path(__file__).parents[1] / "data" / "every_eval_ever"  # 0.3.0, MIT, see LICENSE there
Valid = Callable[[dict[str, Any]], list[str]]


def against(name: str) -> Valid:
    """What one of every_eval_ever's schemas says against a document."""
    schema = json.loads((SCHEMAS / name).read_text("utf-8"))
    assert schema["version"] == "0.3.0"
    validator = jsonschema.validators.validator_for(schema)(schema)
    return lambda document: [error.message for error in validator.iter_errors(document)]


@pytest.fixture(scope="session")
def valid() -> Valid:
    """Of a whole evaluation."""
    return against("eval.schema.json")


@pytest.fixture(scope="session")
def valid_record() -> Valid:
    """Of one answer."""
    return against("instance_level_eval.schema.json")


def documents(folder: Path) -> dict[str, dict[str, Any]]:
    """By the name of the answerer or method."""
    paths = sorted(folder.glob("data/*/tiny/*/*.json"))
    return {path.parent.name: json.loads(path.read_text("utf-8")) for path in paths}


def records(folder: Path, document: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers that a document points to, as it says they are."""
    said = document["detailed_evaluation_results"]
    data = (folder / said["file_path"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == said["checksum"]
    rows = [json.loads(line) for line in data.decode("utf-8").splitlines()]
    assert len(rows) == said["total_rows"]
    return rows


@pytest.fixture
def root(harness: Callable[..., Any], model: Callable[..., Model], tmp_path: Path) -> Path:
    """Real answers of two models, one of them sampled twice, as an evaluation writes them."""
    made = harness()
    for place, jobs in {
        "acdc/seed-0": [Job(model(1.0, "a"))],
        "baselines": [Job(model(1.5, "b")), Job(model(1.5, "b"), 0.7, 2)],
    }.items():
        samples = [
            sample | {"benchmark": "probe_exact"} for job in jobs for sample in made.run(job)["probe_exact"]
        ]
        folder = tmp_path / "results" / "tiny" / place / "probe_exact"
        folder.mkdir(parents=True)
        (folder / "samples.jsonl").write_text("".join(json.dumps(one, default=str) + "\n" for one in samples))
        (folder / "correctness.json").write_text(json.dumps(from_samples(samples, "x").to_json()))
    return tmp_path / "results" / "tiny"


def test_exported_logs_are_read_back_with_every_draw(root: Path, tmp_path: Path) -> None:
    assert lm_eval_logs(root, tmp_path / "logs") == 3
    folders = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert folders == ["acdc-seed-0-a", "baselines-b", "baselines-b-T0.7"]
    made = report("--samples", *(tmp_path / "logs" / name for name in folders))
    matrix = read(root / "baselines" / "probe_exact" / "correctness.json")
    assert len(made["models"]) == 4
    alone = [row["alone"] for row in made["contributions"]]
    assert alone[1:] == pytest.approx(matrix.correct.mean(axis=1).tolist())
    assert made["cut_off"] is not None
    assert made["cut_off"]["answers"] == pytest.approx(
        (read(root / "acdc" / "seed-0" / "probe_exact" / "correctness.json").cut.sum() + matrix.cut.sum())
        / 40
    )


@pytest.mark.parametrize("line", ["[" * 1_000_000, "7", "{}"])
def test_samples_that_are_none_are_named(root: Path, tmp_path: Path, line: str) -> None:
    (root / "baselines" / "probe_exact" / "samples.jsonl").write_text(line + "\n")
    with pytest.raises(InputError, match=r"baselines/probe_exact/samples\.jsonl: no samples"):
        lm_eval_logs(root, tmp_path / "logs")


def test_results_have_lm_evals_keys(root: Path, tmp_path: Path) -> None:
    lm_eval_logs(root, tmp_path / "logs")
    file = next((tmp_path / "logs" / "baselines-b-T0.7").glob("results_*.json"))
    document = json.loads(file.read_text("utf-8"))
    for key in (
        "results",
        "configs",
        "versions",
        "n-shot",
        "higher_is_better",
        "n-samples",
        "config",
        "date",
    ):
        assert key in document
    assert document["n-samples"]["probe_exact"] == {"original": 10, "effective": 10}
    assert 0 <= document["results"]["probe_exact"]["correct,none"] <= 1


def test_the_same_results_export_to_the_same_files(root: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        lm_eval_logs(root, tmp_path / name / "logs")
        every_eval_ever(root, "tiny", None, "somebody", tmp_path / name / "eee")
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.json*"))
    assert len(files) == 3 + 4 + 3 + 3
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_logs_of_another_evaluation_do_not_become_further_draws(root: Path, tmp_path: Path) -> None:
    lm_eval_logs(root, tmp_path / "logs")
    lm_eval_logs(root, tmp_path / "logs")  # the same results, the same files
    for path in root.rglob("correctness.json"):
        os.utime(path, (0, 0))
    with pytest.raises(InputError, match="of another date than these results"):
        lm_eval_logs(root, tmp_path / "logs")


def test_every_document_passes_the_schema(root: Path, tmp_path: Path, valid: Valid) -> None:
    assert every_eval_ever(root, "tiny", None, "somebody", tmp_path / "eee") == 3
    made = documents(tmp_path / "eee")
    assert [valid(document) for document in made.values()] == [[], [], []]
    sampled = made["baselines-b-T0.7"]["evaluation_results"][0]
    assert sampled["generation_config"]["generation_args"] == {"temperature": 0.7}
    matrix = read(root / "baselines" / "probe_exact" / "correctness.json")
    assert sampled["score_details"]["score"] == pytest.approx(matrix.correct[1:].mean())
    assert sampled["score_details"]["uncertainty"]["num_samples"] == 10


def test_every_answer_is_a_record_that_passes_the_schema_and_points_back(
    root: Path, tmp_path: Path, valid_record: Valid
) -> None:
    every_eval_ever(root, "tiny", None, "somebody", tmp_path)
    made = documents(tmp_path)
    rows = {name: records(tmp_path, document) for name, document in made.items()}
    assert {name: len(mine) for name, mine in rows.items()} == {
        "acdc-seed-0-a": 10,
        "baselines-b": 10,
        "baselines-b-T0.7": 20,
    }
    for name, document in made.items():
        results = {one["evaluation_result_id"] for one in document["evaluation_results"]}
        for row in rows[name]:
            assert valid_record(row) == []
            assert row["evaluation_id"] == document["evaluation_id"]
            assert row["model_id"] == document["model_info"]["id"]
            assert row["evaluation_result_id"] in results
    score = made["baselines-b-T0.7"]["evaluation_results"][0]["score_details"]["score"]
    assert sum(row["evaluation"]["score"] for row in rows["baselines-b-T0.7"]) / 20 == pytest.approx(score)
    row = rows["baselines-b-T0.7"][13]
    assert (row["sample_id"], row["metadata"]["draw"]) == ("q3", "1")
    assert row["input"] == {
        "raw": "q 3",
        "formatted": "<usr>What follows q 3?<ast>",
        "reference": ["4"],
    }
    assert [a["sample_hash"] for a in rows["baselines-b"]] == [
        a["sample_hash"] for a in rows["acdc-seed-0-a"]
    ]


def test_what_is_missing_or_withheld_or_no_text_is_not_in_records(
    root: Path, tmp_path: Path, valid_record: Valid
) -> None:
    path = root / "baselines" / "probe_exact" / "samples.jsonl"
    samples = [json.loads(line) for line in path.read_text().splitlines()]
    samples[0]["correct"] = None
    samples[1] |= {"doc": {"id": "q1"}, "arguments": [[WITHHELD, {}]], "resps": [[WITHHELD]]}
    samples[2]["resps"] = [["\ud800 half a pair"]]
    path.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    every_eval_ever(root, "tiny", None, "somebody", tmp_path)
    rows = records(tmp_path, documents(tmp_path)["baselines-b"])
    assert [row["sample_id"] for row in rows] == [f"q{number}" for number in range(1, 10)]
    assert [valid_record(row) for row in rows] == [[]] * 9
    assert rows[0]["input"]["raw"] == rows[0]["output"]["raw"][0] == WITHHELD
    assert rows[0]["sample_hash"] is None
    assert rows[1]["output"]["raw"] == ["\ufffd half a pair"]


def test_damaged_samples_are_named(root: Path, tmp_path: Path) -> None:
    (root / "baselines" / "probe_exact" / "samples.jsonl").write_text('{"model": "b"}\n')
    with pytest.raises(InputError, match=r"baselines/probe_exact/samples\.jsonl, line 1"):
        every_eval_ever(root, "tiny", None, "somebody", tmp_path)


def test_a_failed_export_leaves_what_was_there_and_nothing_else(root: Path, tmp_path: Path) -> None:
    every_eval_ever(root, "tiny", None, "somebody", tmp_path / "eee")
    before = {path: path.read_bytes() for path in (tmp_path / "eee").rglob("*") if path.is_file()}
    with (root / "baselines" / "probe_exact" / "samples.jsonl").open("a") as samples:
        samples.write("{half a li")
    for to in (tmp_path / "eee", tmp_path / "new"):
        with pytest.raises(InputError, match="line 31"):
            every_eval_ever(root, "tiny", None, "somebody", to)
    assert {path: path.read_bytes() for path in (tmp_path / "eee").rglob("*") if path.is_file()} == before
    assert list((tmp_path / "new").iterdir()) == []


def test_an_interrupted_export_leaves_no_document_with_answers_of_others(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every_eval_ever(root, "tiny", None, "somebody", tmp_path)
    path = root / "baselines" / "probe_exact" / "samples.jsonl"
    path.write_text(path.read_text().replace('"finish": "stop"', '"finish": "length"'))

    def interrupted(path: Path, document: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("evals.exports.every_eval_ever.write_json", interrupted)
    with pytest.raises(KeyboardInterrupt):
        every_eval_ever(root, "tiny", None, "somebody", tmp_path)
    left = documents(tmp_path)
    assert len(left) == 2
    assert all(records(tmp_path, document) for document in left.values())


def test_answers_that_are_all_missing_now_have_no_file(root: Path, tmp_path: Path) -> None:
    every_eval_ever(root, "tiny", None, "somebody", tmp_path)
    path = root / "baselines" / "probe_exact" / "samples.jsonl"
    samples = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text(
        "".join(
            json.dumps(sample | {"correct": None if sample["temperature"] == 0 else sample["correct"]}) + "\n"
            for sample in samples
        )
    )
    every_eval_ever(root, "tiny", None, "somebody", tmp_path)
    assert "detailed_evaluation_results" not in documents(tmp_path)["baselines-b"]
    assert [path.suffix for path in tmp_path.glob("data/*/tiny/baselines-b/*")] == [".json"]


def test_documents_of_answerers_that_are_gone_are_refused(root: Path, tmp_path: Path) -> None:
    every_eval_ever(root, "tiny", None, "somebody", tmp_path / "eee")
    every_eval_ever(root, "other", None, "somebody", tmp_path / "eee")  # in a folder of its own
    shutil.rmtree(root / "acdc")
    with pytest.raises(InputError, match=r"acdc-seed-0-a.*these results do not have"):
        every_eval_ever(root, "tiny", None, "somebody", tmp_path / "eee")


def test_coverage_of_methods_is_a_result_with_its_n_and_its_interval(
    compared_results: Path,  # noqa: F811
    tmp_path: Path,
    valid: Valid,
) -> None:
    made = compared(compared_results)
    every_eval_ever(compared_results, "tiny", made, "somebody", tmp_path / "eee")
    document = documents(tmp_path / "eee")["method-acdc-coverage"]
    assert valid(document) == []
    row = next(
        one
        for one in document["evaluation_results"]
        if one["evaluation_result_id"] == "mean of benchmarks/coverage_at_2"
    )
    assert row["metric_config"]["metric_parameters"] == {"n": 2}
    assert row["score_details"]["score"] == pytest.approx((0.75 + 0.375) / 2)
    interval = row["score_details"]["uncertainty"]["confidence_interval"]
    assert interval["lower"] <= row["score_details"]["score"] <= interval["upper"]


def test_a_document_with_a_fault_does_not_pass(valid: Valid, valid_record: Valid) -> None:
    assert valid({"schema_version": "0.3.0"})
    assert valid_record({"schema_version": "0.3.0"})


def test_nothing_to_export_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="acdc evaluate"):
        list(answered(tmp_path))


def test_the_command_exports(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_bytes(PARAMS.read_bytes())
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    for form, count in (("lm_eval", "3 folders"), ("every_eval_ever", "3 documents")):
        said = CliRunner().invoke(app, ["results", "export", "--format", form, "--to", f"out/{form}"])
        assert said.exit_code == 0, said.output
        assert f"tiny: {count}" in said.output
    (tmp_path / "file").touch()
    refused = CliRunner().invoke(app, ["results", "export", "-f", "lm_eval", "--to", "file"])
    assert isinstance(refused.exception, InputError)
    assert "name a folder" in str(refused.exception)
    planned = CliRunner().invoke(app, ["results", "export", "-f", "lm_eval", "--to", "no", "--dry-run"])
    assert "3 answerers" in planned.output
    assert not (tmp_path / "no").exists()
