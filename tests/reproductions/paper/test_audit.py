"""The audit of the paper's own tables, and of small tables whose answers can be seen by eye."""

import csv
import json
from pathlib import Path

import pytest

from acdc.errors import InputError
from evals.significance import Interval, holm
from reproductions.paper.audit import FOLDER, _verdict, audit_files
from reproductions.paper.claims import read_claims
from reproductions.paper.pooling import UncheckableError, differences, read_aliases
from reproductions.paper.published import read_published

SHARED = Path(__file__).parents[4] / "shared" / "paper"


@pytest.fixture(scope="module")
def audit():
    return audit_files()


@pytest.fixture(scope="module")
def paper():
    return (
        read_published(FOLDER / "published.csv"),
        read_claims(FOLDER / "claims.csv"),
        read_aliases(FOLDER / "aliases.yaml"),
    )


def claim_of(audit, name):
    return next(claim for claim in audit["claims"] if claim["id"] == name)


# The paper


@pytest.mark.parametrize("name", ["published.csv", "claims.csv"])
def test_the_facts_are_those_that_were_handed_over(name):
    if not (SHARED / name).exists():
        pytest.skip("../shared/paper is not there to compare with")
    assert (FOLDER / name).read_text() == (SHARED / name).read_text()


def test_all_fifteen_printed_claims_agree(audit):
    assert [claim["reason"] for claim in audit["claims"] if not claim["agrees"]] == []
    assert len(audit["claims"]) == 15


def test_pooled_claims_have_32_differences_and_single_ones_8(audit):
    for claim in audit["claims"]:
        assert claim["recomputed"]["n"] == (32 if claim["family"] == "pooled" else 8)


def test_no_verdict_changes_with_the_seed_though_what_is_drawn_would(tmp_path, paper):
    # Of the claim with the coarsest bootstrap distribution one of 20 draws of 50,000 misses the printed lower end.
    lines = (FOLDER / "claims.csv").read_text().splitlines()
    chosen = [
        line for line in lines if line.startswith(("id,", "K.2.1-DeepSeek-Control-N3", "K.2.2-Qwen2-GPT-4o"))
    ]
    (tmp_path / "claims.csv").write_text("\n".join(chosen) + "\n")
    audits = [audit_files(claims=tmp_path / "claims.csv", seed=seed)["claims"] for seed in range(20)]
    assert all(claim["agrees"] for claims in audits for claim in claims)
    for claims in audits[1:]:
        for one, other in zip(audits[0], claims, strict=True):
            assert one["published_procedure"] != other["published_procedure"]
            assert {**one, "published_procedure": 0} == {**other, "published_procedure": 0}
    printed = paper[1][4].printed
    drawn = [
        Interval(*(claims[0]["published_procedure"][name] for name in Interval._fields)) for claims in audits
    ]
    assert {_verdict(interval, printed)[0] for interval in drawn} == {True, False}


def test_holm_is_taken_over_all_claims(audit):
    tests = [claim["tests"] for claim in audit["claims"]]
    assert [test["holm"] for test in tests] == pytest.approx(holm([test["sign_flip"] for test in tests]))


def test_tests_over_families_exist_for_pooled_claims_only(audit):
    for claim in audit["claims"]:
        assert (claim["tests"]["family_bootstrap"] is not None) == (claim["family"] == "pooled")


def test_normalised_over_all_n_as_printed_no_claim_would_agree(audit):
    found = [item for item in audit["contradictions"] if item["check"] == "normalisation"]
    assert len(found) == 1
    assert found[0]["detail"]["agree_over_all_n"] == []


def test_without_deepseek_the_gain_over_control_is_gone(audit):
    # +0.15 and +0.37 points with p about .30 and .18.
    for n, points, p in ((3, 0.15, 0.30), (8, 0.37, 0.18)):
        claim = claim_of(audit, f"K.2.{1 if n == 3 else 2}-pooled-Control-N{n}")
        part = claim["sensitivity"]["without_family"]["DeepSeek V1 7B"]
        assert part["points"] == pytest.approx(points, abs=0.01)
        assert part["p"] == pytest.approx(p, abs=0.01)
        assert "DeepSeek V1 7B" in claim["sensitivity"]["rests_on"]


def test_a_part_without_judged_benchmarks_has_four_a_family(audit):
    assert claim_of(audit, "K.2.1-pooled-Control-N3")["sensitivity"]["without_judged"]["n"] == 16


def test_claims_of_the_ablations_cannot_be_checked_from_averages(tmp_path, paper):
    line = "K.5.1,App. K.5.1,Qwen2 7B,AC/DC,Fitness Only (no DNS),3,all,table10,0.632,0.393,0.856,<0.0001"
    (tmp_path / "claims.csv").write_text((FOLDER / "claims.csv").read_text().splitlines()[0] + f"\n{line}\n")
    claim = audit_files(claims=tmp_path / "claims.csv")["claims"][0]
    assert claim["agrees"] is None
    assert "averages only" in claim["reason"]


def test_the_audit_is_plain_json(audit):
    assert json.loads(json.dumps(audit, allow_nan=False)) == audit


# Contradictions, each found by computing


def found(audit, check):
    return [item for item in audit["contradictions"] if item["check"] == check]


def test_summaries_of_table_1_that_fit_other_columns_are_found(audit):
    fits = {item["where"]: item["detail"]["fits"] for item in found(audit, "statement")}
    for family in ("Qwen2", "Qwen2.5", "Qwen3", "DeepSeek"):
        assert fits[f"summaries of Table 1 (summary-Control-N8-{family})"] == ["vs Big Model N=3"]
        assert fits[f"summaries of Table 1 (summary-BigModel-N8-{family})"] == ["vs GPT-4o N=3"]


def test_the_two_ablation_drops_that_were_swapped_are_found(audit):
    fits = {item["where"]: item["detail"]["fits"] for item in found(audit, "statement")}
    assert fits["Section 4 (sec4-no-dns-N3)"] == ["vs No Gibberish Filter N=3"]
    assert fits["Section 4 (sec4-no-gibberish-filter-N3)"] == ["vs Fitness Only (no DNS) N=3"]


def test_the_gpt_4o_row_that_repeats_and_the_one_that_table_2_implies_are_found(audit):
    repeat = next(item for item in found(audit, "repeat") if item["where"].startswith("GPT-4o"))
    assert len(repeat["detail"]["equal"]) == 8
    derived = next(item for item in found(audit, "derived") if "GPT-4o" in item["where"])
    assert derived["detail"]["implied_baseline"] == pytest.approx([73.43, 73.43], abs=0.011)


def test_a_mean_over_families_that_the_table_does_not_show_is_found(audit):
    derived = {item["where"]: item for item in found(audit, "derived")}
    assert derived["table2, rows 'vs Control'"]["detail"]["fits_with"] == ["Llama3 8B (table9)"]
    assert not any(where.startswith("table1,") for where in derived)


def test_the_family_that_loses_to_control_and_the_run_that_left_out_a_seed_task_are_found(audit):
    where = [item["where"] for item in found(audit, "statement")]
    assert "App. D.4 (D.4-Control-N8-Qwen2)" in where
    assert not any("D.4-Control-N8-Qwen3" in name for name in where)
    assert sum("headline-full-run" in name for name in where) == 4
    assert any("W/o Code Seed Task" in item["where"] for item in found(audit, "repeat"))


def test_experts_ahead_in_three_of_four_families_are_observed(audit):
    behind = next(item for item in audit["observations"] if item["where"].endswith("AC/DC − Experts, N=8"))
    assert sum(gain < 0 for gain in behind["detail"]["gains"].values()) == 3


def test_large_models_that_answer_none_of_298_questions_are_found(audit):
    low = found(audit, "implausibly low")
    assert {item["detail"]["right"] for item in low} == {0, 1}
    assert low[0]["detail"]["right_of_single_answers"]["GPT-4o Big Model"] == 23


def test_percentages_that_500_questions_cannot_give_are_found(audit):
    counts = {item["where"]: item["says"] for item in found(audit, "count")}
    assert counts["table20: Qwen3 14B, AC/DC, N=3"] == "MBPP 75.26"


# Other tables and claims, without code


HEADER = "table,family,method,n,benchmark,metric,value"
CLAIMS = "id,where,family,method,baseline,n,benchmarks,tables,mean,low,high,p"


def rows_of(scores, table="t", metric="accuracy"):
    return [
        f"{table},{family},{method},{n},{benchmark},{metric},{value}"
        for (family, method, n), values in scores.items()
        for benchmark, value in values.items()
    ]


SCORES = {
    ("F", "Ours", 5): {"a": 10, "b": 30, "c": 20, "Average": 20},
    ("F", "Base", 5): {"a": 0, "b": 10, "c": 25, "Average": 11.67},
    ("F", "Ours", 9): {"a": 100, "b": 100, "c": 100, "Average": 100},
    ("G", "Ours", 5): {"a": 5, "b": 20, "c": 30, "Average": 18.33},
    ("G", "Base", 5): {"a": 10, "b": 20, "c": 20, "Average": 16.67},
}


def write(tmp_path, rows, claims):
    (tmp_path / "p.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    (tmp_path / "c.csv").write_text("\n".join([CLAIMS, *claims]) + "\n")
    return {"published": tmp_path / "p.csv", "claims": tmp_path / "c.csv"}


def one(tmp_path, claim, rows=None):
    return audit_files(**write(tmp_path, rows or rows_of(SCORES), [claim]))["claims"][0]


def test_new_tables_and_claims_need_no_code(tmp_path):
    # Ranges at N=5 are 10, 20 and 10: normalised differences 1, 1, −½ and −½, 0, 1. The row of N=9 takes no part.
    claim = one(tmp_path, "x,here,F,Ours,Base,5,all,t,0.5,-0.5,1,0.074")
    assert claim["recomputed"]["mean"] == pytest.approx(0.5)
    # Three draws of (1, 1, −½): the sum is ≤ 0 for three or two times −½: 1/27, and 6/27 of which sums are 0.
    assert claim["recomputed"]["p"] == pytest.approx(7 / 27)
    assert claim["agrees"] is False
    assert claim["reason"].startswith("p is 0.2593, printed 0.074")


def test_pooling_takes_every_family_that_has_the_method(tmp_path):
    claim = one(tmp_path, "x,here,pooled,Ours,Base,5,all,t,0.3333,,,")
    assert claim["recomputed"]["n"] == 6
    assert claim["agrees"] is True


def test_a_list_of_benchmarks_is_kept_to(tmp_path):
    claim = one(tmp_path, "x,here,F,Ours,Base,5,b;c,t,0.25,,,")
    assert claim["recomputed"]["n"] == 2
    assert claim["agrees"] is True


def test_rows_that_stand_in_two_tables_with_equal_values_merge(tmp_path):
    both = rows_of(SCORES) + rows_of({("F", "Ours", 5): SCORES["F", "Ours", 5]}, table="u")
    claim = one(tmp_path, "x,here,F,Ours,Base,5,all,t;u,0.5,,,", both)
    assert claim["recomputed"]["n"] == 3


def test_single_rows_that_serve_every_n_take_part_in_every_normalisation(tmp_path):
    rows = rows_of(SCORES | {("F", "Big Model", 1): {"a": 20, "b": 30, "c": 30}})
    claim = one(tmp_path, "x,here,F,Ours,Base,5,all,t,0.3333,,,", rows)
    assert claim["recomputed"]["mean"] == pytest.approx((0.5 + 1 - 0.5) / 3)


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ("x,h,H,Ours,Base,5,all,t,1,1,1,1", "family 'H' is not in t"),
        ("x,h,F,Ours,Bose,5,all,t,1,1,1,1", "'Bose' at N=5 of F is not in t"),
        ("x,h,F,Ours,Base,6,all,t,1,1,1,1", "'Ours' at N=6 of F is not in t"),
        ("x,h,F,Ours,Base,5,a;d,t,1,1,1,1", "benchmark 'd' is not in t"),
        ("x,h,F,Ours,Base,5,Average,t,1,1,1,1", "benchmark 'Average' is not in t"),
        ("x,h,F,Ours,Base,5,a,t,1,1,1,1", "a single difference"),
        ("x,h,F,Ours,Ours,5,all,t,1,1,1,1", "all differences are zero"),
        ("x,h,F,Ours,Base,5,all,v,1,1,1,1", "there is no 'v'"),
        ("x,h,F,Ours,Base,5,all,t,,,,", "nothing is printed"),
        ("x,h,F,Ours,Base,9,all,t,1,1,1,1", "'Base' at N=9 of F is not in t"),
    ],
)
def test_what_the_tables_do_not_allow_cannot_be_checked_and_the_reason_is_given(tmp_path, claim, reason):
    result = one(tmp_path, claim)
    assert result["agrees"] is None
    assert reason in result["reason"]


def test_a_missing_cell_is_named(tmp_path):
    rows = [row for row in rows_of(SCORES) if not row.startswith("t,G,Base,5,b")]
    assert (
        "G, Base, N=5, b, accuracy is missing"
        in one(tmp_path, "x,h,pooled,Ours,Base,5,all,t,1,,,", rows)["reason"]
    )


def test_two_tables_with_different_values_are_named_with_their_lines(tmp_path):
    rows = [*rows_of(SCORES), "u,F,Ours,5,a,accuracy,11"]
    reason = one(tmp_path, "x,h,F,Ours,Base,5,all,t;u,1,,,", rows)["reason"]
    assert "10.0 (line 2, t) and 11.0 (line 22, u)" in reason


def test_a_benchmark_without_range_is_named(tmp_path):
    rows = rows_of({("F", "Ours", 5): {"a": 1, "b": 2}, ("F", "Base", 5): {"a": 1, "b": 1}})
    assert "all scores of the pool on a" in one(tmp_path, "x,h,F,Ours,Base,5,all,t,1,,,", rows)["reason"]


def test_two_metrics_in_a_table_need_a_column_that_says_which(tmp_path):
    rows = rows_of(SCORES) + rows_of(SCORES, metric="time")
    assert "a column `metric` must say which" in one(tmp_path, "x,h,F,Ours,Base,5,all,t,1,,,", rows)["reason"]
    paths = write(tmp_path, rows, [])
    paths["claims"].write_text(f"{CLAIMS},metric\nx,h,F,Ours,Base,5,all,t,0.5,,,,accuracy\n")
    assert audit_files(**paths)["claims"][0]["agrees"] is True


# Files that are not what they promise


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("t,F,Ours,5,d,accuracy,high", "line 22, value: expected a number, got 'high'"),
        ("t,F,Ours,5,d,accuracy,nan", "line 22, value: expected a finite number"),
        ("t,F,Ours,5,d,accuracy,<0.1", "line 22, value: expected a number"),
        ("t,F,Ours,5,d,accuracy,", "line 22: value is empty"),
        ("t,F,Ours,2.5,d,accuracy,1", "line 22, n: expected a whole number"),
        ("t,F,Ours,5,a,accuracy,11", "line 22: t gives 11.0 for F, Ours, N=5, a, and line 2 gives 10.0"),
        ("t,F,Ours,5", "line 22: expected 7 fields"),
        ("t,F,Ours,5,d,accuracy,1,2", "line 22: expected 7 fields"),
    ],
)
def test_bad_tables_are_refused_and_the_line_is_named(tmp_path, row, message):
    with pytest.raises(InputError, match=message):
        audit_files(**write(tmp_path, [*rows_of(SCORES), row], ["x,h,F,Ours,Base,5,all,t,1,1,1,1"]))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("x,h,F,Ours,Base,5,all,t,large,0,1,0.1", "line 2, mean: expected a number"),
        ("x,h,F,Ours,Base,5,all,t,0.5,0,1,nan", "line 2, p: expected a finite number"),
        ("x,h,F,Ours,Base,5,all,t,0.5,0,1,1.5", "line 2, p: expected a probability"),
        ("x,h,F,Ours,Base,5,all,t,0.5,1,0,0.1", "line 2: the interval ends"),
        ("x,h,F,Ours,Base,five,all,t,0.5,0,1,0.1", "line 2, n: expected a number"),
        (",h,F,Ours,Base,5,all,t,0.5,0,1,0.1", "line 2: id is empty"),
    ],
)
def test_bad_claims_are_refused_and_the_line_is_named(tmp_path, row, message):
    with pytest.raises(InputError, match=message):
        audit_files(**write(tmp_path, rows_of(SCORES), [row]))


def test_missing_files_columns_and_twin_ids_are_refused(tmp_path):
    paths = write(tmp_path, rows_of(SCORES), ["x,h,F,Ours,Base,5,all,t,1,1,1,1"] * 2)
    with pytest.raises(InputError, match="line 3: the id 'x' stands in line 2 already"):
        audit_files(**paths)
    with pytest.raises(InputError, match="there is no such file"):
        audit_files(published=tmp_path / "none.csv")
    (tmp_path / "c.csv").write_text("id,family\nx,F\n")
    with pytest.raises(InputError, match="column 'where' is missing"):
        audit_files(**paths)
    (tmp_path / "c.csv").write_text(f"{CLAIMS}\n")
    with pytest.raises(InputError, match="no claim in it"):
        audit_files(**paths)
    (tmp_path / "a.yaml").write_text("alias: []\n")
    with pytest.raises(InputError, match="no alias file"):
        audit_files(aliases=tmp_path / "a.yaml")


def test_agreement_is_within_four_thousandths_and_p_within_a_hundredth():
    cell = Interval(0.100, 0.050, 0.150, 0.020)
    claims = [
        ((0.104, 0.054, 0.146, 0.030), True),
        ((0.105, 0.050, 0.150, 0.020), False),
        ((0.100, 0.050, 0.1545, 0.020), False),
        ((0.100, 0.050, 0.150, 0.031), False),
    ]
    from reproductions.paper.claims import Printed

    for printed, agrees in claims:
        assert _verdict(cell, Printed(*printed, p_is_bound=False))[0] is agrees
    assert (
        _verdict(Interval(0.1, 0.05, 0.15, 0.00001), Printed(0.1, 0.05, 0.15, 0.0001, p_is_bound=True))[0]
        is True
    )


def test_a_pool_without_the_row_says_what_there_is(paper):
    cells, claims, aliases = paper
    from dataclasses import replace

    with pytest.raises(UncheckableError, match="nearest: 'Qwen3 14B'"):
        differences(replace(claims[5], family="Qwen3 14b"), cells, aliases)


def test_every_published_number_is_read():
    with (FOLDER / "published.csv").open(newline="") as file:
        lines = sum(1 for _ in csv.reader(file)) - 1
    assert len(read_published(FOLDER / "published.csv")) == lines == 1457
