"""The study's kept answers: what is computed from them is what the comparison computed from everything."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from acdc.errors import InputError, NotEnoughDataError
from evals.comparison.evidence import Entry, Evidence
from evals.correctness import Answerer, Correctness
from evals.rivals.methods import Pick
from reproductions.kept_answers import pack
from reproductions.study.expected import expected_of_study
from reproductions.study.family_scores import FamilyScores, MethodScores, scores, scores_of
from reproductions.study.study import differences, read_settings, study_table
from reproductions.verify.expected import verify
from tests.reproductions import world

KEPT = Path(__file__).parents[3] / "reproductions" / "tiny" / "study"


def matrix(rng, answerers, benchmark, questions=12):
    shape = (len(answerers), questions)
    nothing = np.zeros(shape, dtype=np.int64)
    return Correctness(
        benchmark,
        tuple(answerers),
        tuple(f"q{i}" for i in range(questions)),
        tuple(f"hash {i}" for i in range(questions)),
        rng.random(shape) < 0.4,
        nothing.astype(bool),
        nothing.astype(bool),
        nothing,
        nothing,
    )


def evidence(family, seed, missing=False):
    """Two runs of a task force of three, a rival that is sampled four times, and one that nobody asks about."""
    rng = np.random.default_rng(seed)
    members = [Answerer(name, name, 0.0, 0) for name in ("a", "b", "c", "unused")]
    draws = [Answerer("general", "general", 0.7, draw) for draw in range(4)]
    runs = [{name: matrix(rng, members, name) for name in ("one", "two")} for _ in range(2)]
    rivals = {name: matrix(rng, draws, name) for name in ("one", "two")}
    if missing:
        rivals["one"].missing[0, 3] = True
        rivals["one"].correct[0, 3] = False
    force = {n: tuple(Pick(models=(model,)) for model in "abc"[:n]) for n in (1, 2, 3)}
    control = {n: (Pick(models=("general",), temperature=0.7, k=n),) for n in (1, 2, 3)}
    entries = [
        Entry("acdc/coverage", "Task force", "ours", "acdc", [force, force], runs),
        Entry("Control", "Control", "control", "", [control], [rivals]),
        Entry("Other", "Other", "noise", "", [control], [rivals]),
        Entry("API", "API", "api", not_run="no endpoint"),
    ]
    keep = {
        name: np.logical_and.reduce(
            [np.isfinite(entry.chances(n, name)).all(axis=0) for entry in entries for n in entry.sizes()]
        )
        for name in ("one", "two")
    }
    questions = {name: rivals[name].questions for name in rivals}
    return Evidence(family, ("one", "two"), (0, 1), entries, {}, {}, keep, questions, Path())


@pytest.mark.parametrize("missing", [False, True])
def test_coverage_from_kept_answers_is_that_from_all_answers(tmp_path, missing):
    made = [evidence("tiny-1", 1, missing), evidence("tiny-2", 2)]
    path = tmp_path / "answers.jsonl.gz"
    path.write_bytes(pack(made, ["acdc/*", "Control"], [2, 3]))
    assert path.read_bytes() == pack(made, ["acdc/*", "Control"], [2, 3])
    for family, whole in zip(scores(path), made, strict=True):
        assert (family.family, family.runs) == (whole.family, 2)
        assert family.benchmarks == {name: int(mask.sum()) for name, mask in whole.keep.items()}
        assert [method.id for method in family.methods] == ["acdc/coverage", "Control"]
        for entry, method in zip(whole.entries, family.methods, strict=False):
            assert sorted(method.coverage) == [2, 3]
            for n in (2, 3):
                right = {name: values.mean() for name, values in whole.chances(entry, n).items()}
                assert method.coverage[n] == pytest.approx(right)
                assert method.mean(n) == pytest.approx(np.mean(list(right.values())))
    assert "unused" not in gzip.decompress(path.read_bytes()).decode()


def test_families_that_were_asked_other_questions_are_no_study():
    shorter = {name: matrix(np.random.default_rng(0), [], name, 5) for name in ("one", "two")}
    changed = Evidence(
        "tiny-2", ("one", "two"), (0,), [Entry("x", "x", "ours", "", [{}], [shorter])], {}, {}, {}, {}, Path()
    )
    with pytest.raises(InputError, match="tiny-2: other questions"):
        pack([evidence("tiny-1", 1), changed], ["Control"], [2])


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "answers.jsonl.gz"
    whole = pack([evidence("tiny-1", 1), evidence("tiny-2", 2)], ["*"], [2])
    text = gzip.decompress(whole)
    for bad in (
        b"",
        b"no gzip",
        whole[:-200],
        gzip.compress(b"{}\n"),
        gzip.compress(text.replace(b'"schema":1', b'"schema":9')),
        gzip.compress(text.replace(b'"correct":["', b'"correct":["0')),
    ):
        path.write_bytes(bad)
        with pytest.raises(InputError, match="answers"):
            scores(path)
    with pytest.raises(InputError, match="cannot be read"):
        scores(tmp_path / "none.gz")


def test_expected_numbers_are_means_over_families_of_what_is_measured_later():
    settings = read_settings()
    questions = {name: settings.questions[name] for name in ("total", "mutation")}
    settings = settings.model_copy(update={"questions": questions})
    families = [
        FamilyScores(
            f"tiny-{i}",
            {"one": 10, "two": 10},
            2,
            tuple(
                MethodScores(name, name, {n: {"one": 0.5 + shift * i, "two": 0.3} for n in (3, 8)})
                for name, shift in (("acdc/coverage", 0.02), ("Control, general × N, T = 0.7", 0.0))
            ),
        )
        for i in range(4)
    ]
    made = expected_of_study(settings, families, "tiny", {"acdc"})
    assert [(cell.method, bool(cell.rival), cell.n) for cell in made.cells] == [
        ("acdc/coverage", False, 3),
        ("Control, * × N, T = 0.7", False, 3),
        ("acdc/coverage", False, 8),
        ("Control, * × N, T = 0.7", False, 8),
        ("acdc/coverage", True, 3),
        ("acdc/coverage", True, 8),
    ]
    values = [0.4 + 0.01 * i for i in range(4)]
    assert made.cells[0].value == pytest.approx(np.mean(values))
    assert made.cells[0].family_sd == pytest.approx(np.std(values, ddof=1), abs=1e-6)
    with pytest.raises(NotEnoughDataError, match="two or more"):
        expected_of_study(settings, families[:1], "tiny", {"acdc"})


def test_expected_numbers_of_a_study_fit_a_comparison_of_the_same_world():
    settings = read_settings()
    questions = {name: settings.questions[name] for name in ("total", "evolution")}
    settings = settings.model_copy(update={"questions": questions})
    families = [scores_of(world.comparison(seed=seed)) for seed in range(1, 8)]
    made = expected_of_study(settings, families, "tiny", {"acdc", "random_search"})
    assert {verdict.verdict for verdict in verify(made, world.comparison(seed=0))} == {"within"}


@pytest.mark.skipif(not (KEPT / "answers.jsonl.gz").is_file(), reason="the study has not been run")
def test_the_printed_study_follows_from_its_kept_answers(tmp_path):
    from reproductions.verify.expected import expected_file

    settings, families = read_settings(), scores(KEPT / "answers.jsonl.gz")
    assert [family.family for family in families] == settings.names()
    study_table(settings, families).write(tmp_path)
    for made in tmp_path.iterdir():
        assert made.read_bytes() == (KEPT / made.name).read_bytes(), made.name
    assert len(differences(settings, families)) == len(settings.claims()) * settings.families
    selected = {"acdc", "no_dns", "no_gibberish_filter", "static_tasks", "random_search"}
    expected = expected_of_study(settings, families, "tiny", selected)
    assert (
        expected.model_dump_json(indent=1, exclude_defaults=True) + "\n" == expected_file("tiny").read_text()
    )
