"""The comparison of hand-made results, whose numbers can be counted."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from acdc.errors import InputError
from evals.answering.evaluate_taskforce import Run
from evals.comparison.build import compare
from evals.comparison.csv_files import claim_rows, coverage_rows, metrics, write_csv
from evals.comparison.document import Comparison
from evals.comparison.evidence import gather
from evals.correctness import from_samples
from evals.coverage import expected_coverage
from evals.rivals.methods import Method, Pick
from evals.settings import ComparisonSettings, StatisticsSettings
from evals.significance import holm
from evals.statistics.bootstrap import Level, Resamples

STATISTICS = StatisticsSettings(resamples=2000)
SETTINGS = ComparisonSettings(claim_sizes=(2,))
Rows = Mapping[tuple[str, float, int], str]

# Two benchmarks of four questions; what each model solves. a and b complement each other, c and d do not.
FIRST = {"a": "1100", "b": "0010", "c": "1000", "d": "1100"}
SECOND = {"a": "1000", "b": "0110", "c": "1000", "d": "0000"}


def write(folder: Path, benchmark: str, rows: Rows) -> None:
    samples = [
        {
            "benchmark": benchmark,
            "model": model,
            "weights_hash": model,
            "temperature": temperature,
            "draw": draw,
            "question_id": f"q{column}",
            "question_hash": f"{benchmark} {column}",
            "correct": {"1": True, "0": False, "m": None}[cell],
            "finish": "length" if cell == "0" else "stop",
            "tokens": 5,
            "prompt_tokens": 10,
            "doc": {"question": f"question {column}"},
            "arguments": [[f"prompt {column}"]],
            "target": "right",
            "resps": [[f"reply of {model}"]],
            "filtered_resps": ["reply"],
            "filter": "first",
        }
        for (model, temperature, draw), cells in rows.items()
        for column, cell in enumerate(cells)
    ]
    path = folder / benchmark
    path.mkdir(parents=True)
    (path / "samples.jsonl").write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    (path / "correctness.json").write_text(json.dumps(from_samples(samples, "x").to_json()))


def run(variant: str, seed: int, coverage: str = "ab", archive: str = "abc") -> Run:
    forces = {"coverage": tuple(coverage), "fitness": ("a", "d"), "random": ("c", "d")}
    return Run("tiny", variant, seed, forces, tuple(archive), {})


def baselines(folder: Path, first: Rows, second: Rows) -> None:
    write(folder, "one", first)
    write(folder, "two", second)
    rows = [
        Method(
            name="Control",
            group="control",
            picks={n: (Pick(models=("g",), temperature=0.7, k=n),) for n in (1, 2)},
        ),
        Method(name="Big once", group="big", picks={1: (Pick(models=("big",)),)}),
        Method(name="API", group="api", not_run="no endpoint is configured"),
        Method(name="GPT", group="api", picks={1: (Pick(models=("GPT",)),)}),
    ]
    document = {
        "methods": [row.model_dump(mode="json") for row in rows],
        "parameters": {"base": 100, "big": 500},
        "guesses": [],
    }
    (folder / "baselines.json").write_text(json.dumps(document))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for variant in ("acdc", "random_search", "static"):
        for seed in (0, 1):
            for benchmark, solved in {"one": FIRST, "two": SECOND}.items():
                rows = {(model, 0.0, 0): cells for model, cells in solved.items()}
                write(tmp_path / variant / f"seed-{seed}", benchmark, rows)
    control = {("g", 0.7, 0): "1000", ("g", 0.7, 1): "1100", ("g", 0.7, 2): "0000", ("big", 0.0, 0): "1000"}
    control[("GPT", 0.0, 0)] = "1000"
    baselines(tmp_path / "baselines", control, dict.fromkeys(control, "0000"))
    return tmp_path


def compared(
    results: Path, runs: dict[str, list[Run]] | None = None, settings: ComparisonSettings = SETTINGS
) -> Comparison:
    chosen = runs or {
        "static": [run("static", 0, "cd"), run("static", 1, "cd")],
        "acdc": [run("acdc", 0), run("acdc", 1, "ad")],
        "random_search": [run("random_search", 0, "cd"), run("random_search", 1, "ca")],
    }
    return compare(gather("tiny", ["one", "two"], chosen, results, settings, 8), settings, STATISTICS)


def test_coverage_is_the_mean_over_benchmarks_and_runs(results: Path) -> None:
    ours = compared(results).method("acdc/coverage")
    # run 0: a or b solves 3/4 of each; run 1: a or d solves 2/4 and 1/4. N = 1 is a: 2/4 and 1/4.
    assert ours.group == "ours"
    assert ours.coverage[1].coverage.mean == pytest.approx((0.75 + 0.375) / 2)
    assert ours.coverage[1].runs == pytest.approx([0.75, 0.375])
    assert ours.coverage[1].benchmarks == pytest.approx({"one": (0.75 + 0.5) / 2, "two": (0.75 + 0.25) / 2})
    assert ours.coverage[0].coverage.mean == pytest.approx(0.375)
    assert ours.coverage[1].models == 2
    assert ours.coverage[1].parameters == 200
    assert ours.coverage[1].tokens == 10
    assert ours.coverage[1].flops == 2 * 100 * (10 + 20)
    assert ours.coverage[1].coverage.low <= ours.coverage[1].coverage.mean <= ours.coverage[1].coverage.high


def test_sampled_rivals_are_unbiased(results: Path) -> None:
    control = compared(results).method("Control").coverage
    # c = 2, 1, 0, 0 of 3 draws on the first benchmark, none on the second.
    assert control[0].coverage.mean == pytest.approx((2 / 3 + 1 / 3) / 4 / 2)
    assert control[1].coverage.mean == pytest.approx((1 + 2 / 3) / 4 / 2)
    assert control[1].models == 1
    assert control[1].parameters == 100


def test_the_size_is_not_known_of_a_model_behind_an_endpoint(results: Path) -> None:
    made = compared(results)
    once = made.method("GPT").coverage
    assert (once[0].n, once[0].parameters, once[0].flops, once[0].tokens) == (1, None, None, 5)
    assert [claim.rival_n for claim in made.claims if claim.rival == "GPT"] == [1]


def test_the_archive_is_the_null_for_the_task_force_choice(results: Path) -> None:
    row = compared(results).archive[1]
    solved = [
        np.array([[cell == "1" for cell in rows[model]] for model in "abc"]) for rows in (FIRST, SECOND)
    ]
    expected = np.mean([expected_coverage(correct, 2) for correct in solved])
    assert row.n == 2
    assert row.expected.mean == pytest.approx(expected)
    assert row.gain.mean == pytest.approx((0.75 + 0.375) / 2 - expected)
    assert row.archive == [3, 3]


def test_ours_is_claimed_against_every_rival_and_other_choices_too(results: Path) -> None:
    comparison = compared(results)
    main = {claim.rival: claim for claim in comparison.claims if claim.table == "main"}
    assert set(main) == {
        "acdc/fitness",
        "acdc/random",
        "acdc/archive",
        "random_search/coverage",
        "Control",
        "Big once",
        "GPT",
    }
    variants = {claim.rival for claim in comparison.claims if claim.table == "variants"}
    assert variants == {"random_search/coverage", "static/coverage"}
    assert main["Big once"].rival_n == 1
    assert main["Big once"].difference == pytest.approx((0.75 + 0.375) / 2 - 0.125)
    assert main["Control"].runs == pytest.approx([0.75 - 5 / 24, 0.375 - 5 / 24])
    # Two runs that differ by 3/8: Student's t with one degree of freedom, 12.706 × (3/8 / √2) / √2.
    assert main["Control"].runs_t is not None
    assert main["Control"].runs_t.high - main["Control"].runs_t.mean == pytest.approx(
        12.706 * 3 / 16, rel=1e-4
    )
    assert next(claim for claim in comparison.claims if claim.rival == "acdc/archive").runs_t is not None


def test_holms_correction_is_over_the_claims_of_a_table(results: Path) -> None:
    comparison = compared(results)
    for table in ("main", "variants"):
        claims = [claim for claim in comparison.claims if claim.table == table]
        assert [claim.bootstrap.holm for claim in claims] == pytest.approx(
            holm([claim.bootstrap.p for claim in claims])
        )
        assert [claim.sign_flip_holm for claim in claims] == pytest.approx(
            holm([claim.sign_flip for claim in claims])
        )
        for claim in claims:
            assert (claim.verdict == "undecided") == (claim.bootstrap.holm > STATISTICS.alpha)


def test_swapping_ours_and_the_rival_turns_the_difference_around(results: Path) -> None:
    forward = compared(results, settings=ComparisonSettings(ours="acdc", claim_sizes=(2,)))
    backward = compared(results, settings=ComparisonSettings(ours="static", claim_sizes=(2,)))
    one = next(claim for claim in forward.claims if claim.rival == "static/coverage")
    other = next(claim for claim in backward.claims if claim.rival == "acdc/coverage")
    assert one.difference == pytest.approx(-other.difference)
    assert one.bootstrap.p == pytest.approx(other.bootstrap.p)
    assert one.bootstrap.low == pytest.approx(-other.bootstrap.high)


def test_published_differences_are_normalised_over_the_methods_of_that_n(results: Path) -> None:
    claim = next(claim for claim in compared(results).claims if claim.rival == "static/coverage")
    # At N = 2 the first benchmark spans Control's 5/12 to ours' 5/8, the second Control's 0 to the archive's 7/12.
    ours, rival = np.array([0.625, 0.5]), np.array([0.5, 0.25])
    spread = np.array([5 / 8 - 5 / 12, 7 / 12])
    assert claim.published is not None
    assert claim.published.mean == pytest.approx(np.mean((ours - rival) / spread))


def test_members_say_what_each_contributes(results: Path) -> None:
    members = [member for member in compared(results).members if (member.variant, member.seed) == ("acdc", 0)]
    assert [(member.place, member.model, member.unique) for member in members] == [(1, "a", 3), (2, "b", 3)]
    assert sum(member.shapley for member in members) == pytest.approx(0.75)
    assert members[0].benchmarks == {"one": 0.5, "two": 0.25}
    assert members[0].without == pytest.approx(3 / 8)


def test_questions_that_only_ours_solved_are_shown_with_answers(results: Path) -> None:
    runs = {"acdc": [run("acdc", 0), run("acdc", 1)]}
    examples = compared(results, runs).only_ours
    # Control or the big model solves q0 and q1 of the first benchmark.
    assert [(example.benchmark, example.question) for example in examples] == [
        ("one", "q2"),
        ("two", "q0"),
        ("two", "q1"),
        ("two", "q2"),
    ]
    assert [(reply.model, reply.text, reply.correct) for reply in examples[0].replies] == [
        ("a", "reply of a", False),
        ("b", "reply of b", True),
    ]


def test_a_question_with_a_missing_answer_is_left_out_for_all(results: Path) -> None:
    folder = results / "acdc" / "seed-0" / "one"
    path = folder / "correctness.json"
    document = json.loads(path.read_text())
    document["correct"][0] = "m" + document["correct"][0][1:]
    path.write_text(json.dumps(document))
    comparison = compared(results)
    assert comparison.dropped == 1
    assert comparison.benchmarks == {"one": 3, "two": 4}
    assert comparison.questions["one"] == ["q1", "q2", "q3"]
    # Without q0, a solves 1/3 of the first benchmark.
    assert comparison.method("acdc/coverage").coverage[0].benchmarks["one"] == pytest.approx(1 / 3)


def test_other_questions_in_one_file_are_an_error_that_names_it(results: Path) -> None:
    path = results / "acdc" / "seed-1" / "two" / "correctness.json"
    path.write_text(path.read_text().replace("two 3", "another"))
    with pytest.raises(InputError, match=r"seed-1/two/correctness\.json .* different questions"):
        compared(results)


def test_a_missing_file_says_which_command_makes_it(results: Path) -> None:
    (results / "baselines" / "baselines.json").unlink()
    with pytest.raises(InputError, match="run `acdc baselines` first"):
        compared(results)


def test_without_answers_of_the_archive_there_is_no_null(results: Path) -> None:
    comparison = compared(results, {"acdc": [run("acdc", 0, archive="xyz"), run("acdc", 1, archive="xyz")]})
    assert comparison.archive == []
    assert not any(method.group == "archive" for method in comparison.methods)


def test_a_row_that_was_not_run_has_no_numbers(results: Path) -> None:
    row = compared(results).method("API")
    assert row.not_run == "no endpoint is configured"
    assert row.coverage == []


def test_the_document_survives_json(results: Path) -> None:
    comparison = compared(results)
    assert Comparison.model_validate_json(comparison.model_dump_json()) == comparison


def test_the_same_results_give_the_same_document(results: Path) -> None:
    assert compared(results) == compared(results)


def test_tables_and_metrics_carry_n_and_intervals(results: Path, tmp_path: Path) -> None:
    comparison = compared(results)
    for row in coverage_rows(comparison):
        assert {"n", "coverage", "low", "high", "questions", "runs"} <= row.keys()
    write_csv(tmp_path / "claims.csv", claim_rows(comparison))
    assert len((tmp_path / "claims.csv").read_text().splitlines()) == 1 + len(comparison.claims)
    ours = metrics(comparison).coverage["acdc/coverage"]["n=2"]
    assert ours["coverage"] == pytest.approx(0.5625)


@pytest.mark.parametrize("levels", [("runs", "items"), ("runs", "benchmarks", "items")])
def test_shared_resamples_agree_with_a_bootstrap_of_each_difference(levels: tuple[Level, ...]) -> None:
    rng = np.random.default_rng(0)
    ours = {f"b{i}": (rng.random((3, 40)) < 0.3 + 0.05 * i).astype(float) for i in range(6)}
    rival = {name: rng.random((1, 40)) * 0.6 for name in ours}
    shared = Resamples(dict.fromkeys(ours, 40), 3, levels=levels, resamples=20_000, confidence=0.95, seed=1)
    interval = shared.interval(0.0, shared.means(ours) - shared.means(rival))
    differences = np.stack([ours[name] - rival[name] for name in ours])
    alone = []
    for _ in range(20_000):
        benchmarks = rng.integers(0, 6, 6) if "benchmarks" in levels else np.arange(6)
        runs, items = rng.integers(0, 3, 3), rng.integers(0, 40, (6, 1, 40))
        alone.append(differences[benchmarks[:, None, None], runs[None, :, None], items].mean())
    assert (interval.low, interval.high) == pytest.approx(np.quantile(alone, [0.025, 0.975]), abs=0.003)
