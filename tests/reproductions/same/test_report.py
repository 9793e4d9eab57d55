"""The table of `acdc same` and the cells it names."""

from pathlib import Path

from reproductions.same.cells import KINDS
from reproductions.same.differences import Agreement, CellCounts, Difference
from reproductions.same.kernels import Kernels
from reproductions.same.pipelines import Pipeline
from reproductions.same.report import lines, summary
from reproductions.same.settings import Setting


def pipeline(name: str, bits: str, **changes: str) -> Pipeline:
    kernels = Kernels("AVX2", "OFF", "AVX2", "Haswell", "X86_V3", 1, {"sums": bits, "SVD": "same"})
    return Pipeline(name, Setting(says=name), Path(name), kernels, **changes)


def agreement(differences: list[Difference]) -> Agreement:
    counts_by_kind = {kind: CellCounts(compared=1000) for kind in KINDS}
    for difference in differences:
        counts = counts_by_kind["skills"]
        counts.different += 1
        counts.places[difference.where] += 1
        counts.shown.append(difference)
    return Agreement(counts_by_kind, CellCounts(compared=20, different=7))


def test_the_table_has_a_row_a_kind_and_a_column_a_setting() -> None:
    pipelines = [pipeline("default", "1"), pipeline("compatible", "2"), pipeline("avx2", "1")]
    differing = Difference(
        "runs/tiny/acdc/seed-0/run.sqlite", ("g0", "t1", "1"), "pass", "fail", ("dog", "cat")
    )
    agreements = {"compatible": agreement([differing]), "avx2": agreement([])}
    told = lines(pipelines, agreements)
    assert "    last bits differ from default in: sums" in told
    assert "    last bits differ from default in: nothing tried" in told
    row = next(line for line in told if line.startswith("skills"))
    assert row.split("  ")[-2:] == ["1 of 1,000", "0 of 1,000"]
    assert any(line.startswith("all of them") and "1 of 8,000" in line for line in told)
    assert any("other weights" in line and "7 of 20" in line for line in told)
    place = "  runs/tiny/acdc/seed-0/run.sqlite: g0 · t1 · 1: pass under default, fail under compatible"
    at = told.index(place)
    assert told[at + 1 : at + 3] == ["    default answered: dog", "    compatible answered: cat"]
    assert summary(pipelines, agreements) == (
        "same numbers: 1 of 16,000 cells differ from default (compatible, avx2)"
    )


def test_settings_that_were_left_out_or_failed_are_told() -> None:
    skipped = Pipeline("avx2", Setting(says="x"), Path("avx2"), skipped="this processor has no avx2")
    pipelines = [pipeline("default", "1"), skipped, pipeline("two-threads", "1", failed="no disk")]
    told = lines(pipelines, {})
    assert "  avx2: left out, this processor has no avx2" in told
    assert "two-threads: the pipeline did not come to its end: no disk" in told
    assert summary(pipelines, {}) == (
        "same numbers: 0 of 0 cells differ from default (no other setting); avx2 left out: this processor has no avx2"
    )
