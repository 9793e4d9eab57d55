"""One final answer of N, on hand-made results whose numbers can be counted."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from acdc.errors import InputError
from evals.answering.evaluate_taskforce import Run
from evals.answering.samples import WITHHELD
from evals.best_of_n.document import FinalAnswer, FinalAnswers
from evals.best_of_n.judge_rounds import Rounds
from evals.best_of_n.selector import Judge
from evals.best_of_n.settings import BestOfNSettings, kind_of
from evals.comparison.build import compare
from evals.comparison.csv_files import best_of_n_rows
from evals.comparison.document import Comparison
from evals.comparison.evidence import gather
from evals.comparison.selection import Tools
from evals.correctness import from_samples
from evals.rivals.methods import Method, Pick
from evals.settings import ComparisonSettings, StatisticsSettings

RIGHT = ("7", "8", "9")
Rows = Mapping[tuple[str, float, int], Sequence[str]]
# Three questions; the right answers are 7, 8, 9.
# a and b agree on the first and c is wrong; all are right on the second; the third has three answers, one of them right.
OURS: Rows = {
    ("a", 0.0, 0): ("7", "8", "1"),
    ("b", 0.0, 0): ("7.0", "8", "2"),
    ("c", 0.0, 0): ("5", "8", "9"),
}
# Six draws: two sets of three.
CONTROL: Rows = {
    ("g", 0.7, draw): cells
    for draw, cells in enumerate(
        [("7", "1", "1"), ("5", "1", "1"), ("5", "1", "9"), ("7", "8", "3"), ("7", "8", "4"), ("1", "8", "9")]
    )
}
BIG: Rows = {("big", 0.0, 0): ("7", "1", "9")}
STATISTICS = StatisticsSettings(resamples=1000)
COMPARED = ComparisonSettings(claim_sizes=(3,))


def write(folder: Path, benchmark: str, rows: Rows, **more: Any) -> None:
    samples = [
        {
            "benchmark": benchmark,
            "model": model,
            "weights_hash": model,
            "temperature": temperature,
            "draw": draw,
            "question_id": f"q{column}",
            "question_hash": f"{column}",
            "correct": float(cell) == float(RIGHT[column]),
            "finish": "stop",
            "tokens": 5,
            "prompt_tokens": 10,
            "arguments": [["prompt"]],
            "target": RIGHT[column],
            "resps": [[f"I say {cell}."]],
            "filtered_resps": [cell],
            **more,
        }
        for (model, temperature, draw), cells in rows.items()
        for column, cell in enumerate(cells)
    ]
    path = folder / benchmark
    path.mkdir(parents=True)
    (path / "samples.jsonl").write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    (path / "correctness.json").write_text(json.dumps(from_samples(samples, "x").to_json()))


def results(root: Path, benchmark: str = "gsm8k_llama", **more: Any) -> Path:
    write(root / "acdc" / "seed-0", benchmark, OURS, **more)
    write(root / "baselines", benchmark, {**CONTROL, **BIG}, **more)
    rows = [
        Method(
            name="Control",
            group="control",
            picks={n: (Pick(models=("g",), temperature=0.7, k=n),) for n in (1, 2, 3)},
        ),
        Method(name="Big once", group="big", picks={1: (Pick(models=("big",)),)}),
    ]
    document = {"methods": [row.model_dump(mode="json") for row in rows], "parameters": {}, "guesses": []}
    (root / "baselines" / "baselines.json").write_text(json.dumps(document))
    return root


def chosen(
    root: Path, *selectors: str, benchmark: str = "gsm8k_llama", tools: Tools | None = None, **more: Any
) -> Comparison:
    run = Run("tiny", "acdc", 0, {"coverage": ("a", "b", "c")}, ("a",), {})
    evidence = gather("tiny", [benchmark], {"acdc": [run]}, root, COMPARED, 3)
    settings = BestOfNSettings(selectors=selectors or ("majority",), **more)
    return compare(evidence, COMPARED, STATISTICS, (), (settings, tools or Tools()))


def row(made: FinalAnswers, method: str, selector: str = "majority") -> FinalAnswer:
    return next(one for one in made.rows if (one.method, one.selector) == (method, selector))


def test_the_majority_of_the_task_force_is_counted_and_a_tie_is_its_expectation(tmp_path: Path) -> None:
    ours = row(chosen(results(tmp_path)).best_of_n, "acdc/coverage")
    # Question 1: 7 and 7.0 are one answer; question 3: three answers tie, one is right.
    assert ours.chosen.mean == pytest.approx((1 + 1 + 1 / 3) / 3)
    assert ours.random == pytest.approx((2 / 3 + 1 + 1 / 3) / 3)
    assert ours.covered == 1.0
    assert ours.efficiency is not None
    assert ours.efficiency.mean == pytest.approx((1 / 3) / 1)
    assert ours.efficiency.low <= ours.efficiency.mean <= ours.efficiency.high
    assert (ours.n, ours.sets, ours.gain, ours.calls) == (3, 1, None, 0)
    assert ours.drawn == pytest.approx(1 / 3)


def test_a_sampled_rival_is_chosen_from_in_several_sets_and_compared_by_question(tmp_path: Path) -> None:
    made = chosen(results(tmp_path)).best_of_n
    control = row(made, "Control")
    # First set: 5 wins (wrong), 1 wins (wrong), 1 wins (wrong). Second: 7 wins, 8 wins, three tie and one is right.
    assert control.sets == 2
    assert control.chosen.mean == pytest.approx((0 + 1 + 0 + 1 + 0 + 1 / 3) / 6)
    assert control.covered == pytest.approx((2 + 1 + 2) / 6)
    assert control.random == pytest.approx((1 / 3 + 2 / 3 + 0 + 1 + 1 / 3 + 1 / 3) / 6)
    assert control.gain is not None
    assert control.gain.mean == pytest.approx(7 / 9 - 7 / 18)
    assert row(chosen(results(tmp_path / "one"), sets=1).best_of_n, "Control").sets == 1


def test_a_model_that_answers_once_is_a_rival_without_a_choice(tmp_path: Path) -> None:
    big = row(chosen(results(tmp_path)).best_of_n, "Big once")
    assert (big.n, big.ours_n, big.efficiency) == (1, 3, None)
    assert big.chosen.mean == big.random == big.covered == pytest.approx(2 / 3)
    assert big.gain is not None
    assert big.gain.mean == pytest.approx(7 / 9 - 2 / 3)


def test_ways_that_lack_something_say_what(tmp_path: Path) -> None:
    names = ("majority", "logprob", "self_certainty", "score", "reward_model", "published")
    made = chosen(results(tmp_path), *names).best_of_n
    assert {one.selector for one in made.rows} == {"majority"}
    assert "no log-probabilities" in made.not_run["logprob"]
    assert "no self-certainty" in made.not_run["self_certainty"]
    assert "best_of_n.judge" in made.not_run["score"]
    assert "best_of_n.reward_model" in made.not_run["reward_model"]
    assert "best_of_n.judge" in made.not_run["published"]
    text = chosen(results(tmp_path / "tiny", "tiny_sum"), "published", benchmark="tiny_sum").best_of_n
    assert "none of these benchmarks" in text.not_run["published"]


def test_log_probabilities_choose_where_records_have_them(tmp_path: Path) -> None:
    made = chosen(results(tmp_path, token_logprobs=[-1.0]), "logprob", "self_certainty").best_of_n
    ours = row(made, "acdc/coverage", "logprob")
    assert ours.drawn == 1.0  # all alike: chance decides
    assert set(made.not_run) == {"self_certainty"}


def with_numbers(root: Path, numbers: Mapping[str, float], benchmark: str = "gsm8k_llama") -> Path:
    """Results whose samples have means of what an engine gave, by the reply's text; another reply has none."""
    for path in root.glob(f"**/{benchmark}/samples.jsonl"):
        samples = [json.loads(line) for line in path.read_text().splitlines()]
        for sample in samples:
            mean = numbers.get(sample["resps"][0][0])
            sample |= {"mean_logprob": None if mean is None else -mean, "self_certainty": mean}
        path.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    return root


def test_the_means_that_results_hold_choose(tmp_path: Path) -> None:
    surest = {f"I say {cell}.": float(cell) for cell in ("1", "2", "3", "4", "5", "7", "7.0", "8", "9")}
    made = chosen(with_numbers(results(tmp_path), surest), "logprob", "self_certainty").best_of_n
    assert (made.not_run, made.without) == ({}, {})
    # Ours: self-certainty takes 7 of (7, 7, 5), 8, and 9 of (1, 2, 9); logprob takes 5 (wrong), 8, and 1 (wrong).
    assert row(made, "acdc/coverage", "self_certainty").chosen.mean == pytest.approx(1.0)
    assert row(made, "acdc/coverage", "logprob").chosen.mean == pytest.approx(1 / 3)


def test_a_rival_whose_engine_gives_no_numbers_has_no_row_and_the_others_have(tmp_path: Path) -> None:
    root = with_numbers(results(tmp_path), {f"I say {cell}.": 1.0 for row in OURS.values() for cell in row})
    made = chosen(root, "majority", "logprob").best_of_n  # nobody of ours says 3 or 4, and Control does
    assert {one.method for one in made.rows if one.selector == "majority"} == {
        "acdc/coverage",
        "Control",
        "Big once",
    }
    assert {one.method for one in made.rows if one.selector == "logprob"} == {"acdc/coverage", "Big once"}
    assert (made.not_run, made.without) == ({}, {"logprob": ["Control"]})


def test_an_empty_reply_has_no_numbers_and_loses(tmp_path: Path) -> None:
    root = with_numbers(results(tmp_path), {f"I say {cell}.": 1.0 for row in OURS.values() for cell in row})
    path = root / "acdc" / "seed-0" / "gsm8k_llama" / "samples.jsonl"
    samples = [json.loads(line) for line in path.read_text().splitlines()]
    for sample in samples:
        if sample["model"] != "a":
            sample |= {"tokens": 0, "mean_logprob": None, "self_certainty": None, "resps": [[""]]}
    path.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    ours = row(chosen(root, "logprob").best_of_n, "acdc/coverage", "logprob")
    assert (ours.chosen.mean, ours.drawn) == (pytest.approx(2 / 3), 0.0)  # a says 7, 8 and 1


def prefers_nine(prompts: Sequence[str]) -> list[str]:
    """A judge that knows the answer 9, calls everything else a draw, and favours the first place."""
    replies = []
    for prompt in prompts:
        first, second = prompt.split("I say ")[1:3]
        replies.append("Better: B" if second.startswith("9") and not first.startswith("9") else "Better: A")
    return replies


def test_a_judge_is_asked_in_rounds_counted_and_examined_for_bias(tmp_path: Path) -> None:
    rounds: list[int] = []

    def ask(prompts: Sequence[str]) -> list[str]:
        rounds.append(len(prompts))
        return prefers_nine(prompts)

    tools = Tools(
        ask,
        judge_model="judge",
        questions=lambda benchmark: {f"q{place}": f"question {place}" for place in range(3)},
    )
    made = chosen(
        results(tmp_path, "mmlu_cot_llama"), "tournament", benchmark="mmlu_cot_llama", tools=tools
    ).best_of_n
    ours = row(made, "acdc/coverage", "tournament")
    assert (
        ours.benchmarks["mmlu_cot_llama"] >= 2 / 3
    )  # the third question is always won by 9, the second by anybody
    assert ours.calls > 0
    assert len(rounds) <= 4
    assert made.judge is not None
    assert (made.judge.model, made.judge.prompts) == ("judge", sum(rounds))
    # Of the pairs only the third question's holds no 9 either: the first place wins both times wherever nobody says 9.
    assert made.judge.pairs == made.judge.consistent + made.judge.first == 2
    assert made.judge.bias == pytest.approx(made.judge.first / 2)


def test_a_round_asks_every_prompt_once_and_a_task_the_same_again() -> None:
    asked: list[list[str]] = []

    def ask(prompts: Sequence[str]) -> list[str]:
        asked.append(list(prompts))
        return [prompt.upper() for prompt in prompts]

    def two_steps(judge: Judge) -> str | None:
        first = judge.verdict("a", str)
        return judge.verdict(f"{first} then", str)

    rounds = Rounds(ask)
    rounds.settle([two_steps, two_steps, lambda judge: judge.verdict("b", str)])
    assert asked == [["a", "b"], ["A then"]]
    judge = rounds.judge()
    assert two_steps(judge) == "A THEN"
    assert judge.calls == 2


def test_benchmarks_whose_replies_are_withheld_are_chosen_by_majority(tmp_path: Path) -> None:
    root = results(tmp_path, "gpqa_main", resps=[[WITHHELD]])
    tools = Tools(prefers_nine, questions=lambda benchmark: {"q0": "?", "q1": "?", "q2": "?"})
    made = chosen(root, "published", benchmark="gpqa_main", tools=tools).best_of_n
    ours = row(made, "acdc/coverage", "published")
    assert ours.instead == ["gpqa_main"]
    assert ours.chosen.mean == pytest.approx(7 / 9)


def test_a_reward_model_rates_every_reply_and_what_is_no_number_loses(tmp_path: Path) -> None:
    def rewards(question: str, replies: Sequence[str]) -> list[float]:
        return [float("nan") if "7" in reply else float(reply.strip(".").split()[-1]) for reply in replies]

    tools = Tools(rewards=rewards, questions=lambda benchmark: {f"q{place}": "?" for place in range(3)})
    made = chosen(results(tmp_path), "reward_model", tools=tools).best_of_n
    ours = row(made, "acdc/coverage", "reward_model")
    assert (ours.calls, ours.unparsable) == (9, 2)
    assert ours.chosen.mean == pytest.approx(
        2 / 3
    )  # 5 is the only number on the first, 8 on the second, 9 beats 1 and 2


def test_published_choices_go_by_kind_of_benchmark() -> None:
    names = [
        "gsm8k_llama",
        "minerva_math",
        "mmlu_pro_llama",
        "gpqa_main_cot_zeroshot",
        "mbpp_instruct",
        "tiny_sum",
        "x",
    ]
    assert [kind_of(name) for name in names] == ["maths", "maths", "choice", "choice", "code", "text", ""]


def test_a_misspelt_way_gets_the_nearest() -> None:
    from acdc.config.config import load
    from tests.acdc.small_runs import PARAMS

    with pytest.raises(InputError, match="did you mean 'majority'"):
        BestOfNSettings(selectors=("majorit",)).check(load(PARAMS))


def test_rows_of_the_table_have_every_number(tmp_path: Path) -> None:
    made = chosen(results(tmp_path))
    rows = best_of_n_rows(made)
    assert [one["method"] for one in rows] == ["Task force (acdc)", "Control", "Big once"]
    assert all(one["chosen_low"] <= one["chosen"] <= one["chosen_high"] for one in rows)


def test_missing_samples_are_named(tmp_path: Path) -> None:
    root = results(tmp_path)
    (root / "baselines" / "gsm8k_llama" / "samples.jsonl").unlink()
    with pytest.raises(InputError, match=r"samples\.jsonl: cannot be read .*`acdc baselines`"):
        chosen(root)


def test_a_sample_that_is_missing_is_named(tmp_path: Path) -> None:
    root = results(tmp_path)
    path = root / "baselines" / "gsm8k_llama" / "samples.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"draw": 2, "question_id": "q1"' not in line))
    with pytest.raises(InputError, match=r"no answer of g, draw 2, to question 'q1'; evaluate again"):
        chosen(root)
