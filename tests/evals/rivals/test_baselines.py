"""Who the rivals are, and that what they need is answered."""

import json
import struct
from pathlib import Path

import pytest

from acdc.errors import InputError
from evals.rivals.baselines import expert_sets, jobs, methods, parameters
from evals.settings import BaselineSettings, BigSettings, ControlSettings, NoiseSettings

SEEDS = ["general", "strings", "arithmetic", "lists"]
DEFAULT = BaselineSettings()


def rows(
    settings: BaselineSettings = DEFAULT, big: bool = True, seeds: list[str] = SEEDS
) -> dict[str, dict[int, list]]:
    made = methods(settings, expert_sets({}, seeds, "general"), seeds, 8, big=big)
    return {
        row.name: {
            n: [("+".join(pick.models), pick.temperature, pick.k) for pick in picks]
            for n, picks in row.picks.items()
        }
        for row in made
    }


def test_three_experts_answer_greedily_and_eight_answers_are_three_three_two() -> None:
    experts = rows()["Experts: strings, arithmetic, lists"]
    assert experts[3] == [("strings", 0, 1), ("arithmetic", 0, 1), ("lists", 0, 1)]
    assert experts[8] == [("strings", 0.7, 3), ("arithmetic", 0.7, 3), ("lists", 0.7, 2)]
    assert min(experts) == 3


def test_other_splits_that_are_asked_for_are_rows_of_their_own() -> None:
    made = rows(BaselineSettings(expert_splits=((4, 2, 2), (0, 5, 3))))
    assert made["Experts: strings, arithmetic, lists, 4-2-2"] == {
        8: [("strings", 0.7, 4), ("arithmetic", 0.7, 2), ("lists", 0.7, 2)]
    }
    assert made["Experts (general + two experts), 0-5-3"] == {
        8: [("strings", 0.7, 5), ("arithmetic", 0.7, 3)]
    }
    assert made["Experts: strings, arithmetic, lists"] == rows()["Experts: strings, arithmetic, lists"]


def test_the_papers_set_is_general_and_two_experts() -> None:
    assert rows()["Experts (general + two experts)"][3] == [
        ("general", 0, 1),
        ("strings", 0, 1),
        ("arithmetic", 0, 1),
    ]


def test_a_family_says_itself_who_its_experts_are() -> None:
    sets = expert_sets({"paper": ["general", "lists"], "alone": ["lists"]}, SEEDS, "general")
    assert sets == {"paper": ("general", "lists")}


def test_control_asks_the_general_seed_n_times_at_each_temperature() -> None:
    assert rows()["Control, general × N, T = 0.7"][5] == [("general", 0.7, 5)]
    assert rows()["Control, general × N, T = 1"][8] == [("general", 1.0, 8)]


def test_all_four_seeds_are_sampled_two_each() -> None:
    assert rows()["All 4 seeds sampled evenly"][8] == [(seed, 0.7, 2) for seed in SEEDS]


def test_noisy_copies_are_one_pool_without_a_choice() -> None:
    copies = "+".join(f"general + noise {number}" for number in range(1, 9))
    assert rows()["general + weight noise × N"][3] == [(copies, 0, 3)]
    assert rows()["general + 5 × weight noise × N"][3] == [(copies.replace("noise", "5 × noise"), 0, 3)]


def test_the_big_model_answers_once_and_n_times() -> None:
    assert rows()["Big model, once, greedy"] == {1: [("big", 0, 1)]}
    assert rows()["Big model × N, T = 0.7"][8] == [("big", 0.7, 8)]


def test_a_rival_that_cannot_run_says_why_and_has_no_numbers() -> None:
    made = {row.name: row for row in methods(DEFAULT, {}, SEEDS, 8, big=False)}
    assert "no big model" in made["Big model"].not_run
    assert made["API model"].not_run
    assert not made["API model"].picks


def test_every_answer_that_a_row_needs_is_a_job_and_none_is_made_twice() -> None:
    made = methods(DEFAULT, expert_sets({}, SEEDS, "general"), SEEDS, 8, big=True)
    wanted = jobs(DEFAULT, made, lambda name: dict, lambda factor, number: dict, dict)
    drawn: dict[tuple[str, float], list[int]] = {}
    for place, job in wanted:
        assert place == (job.model.name == "big")
        drawn.setdefault((job.model.name, job.temperature), []).extend(
            range(job.first, job.first + job.draws)
        )
    assert all(draws == list(range(len(draws))) for draws in drawn.values())
    assert len(drawn["general", 0.7]) == DEFAULT.control.draws
    assert len(drawn["strings", 0.7]) == DEFAULT.expert_draws
    assert len(drawn["big", 0.7]) == DEFAULT.big.draws
    assert all(len(drawn[f"general + noise {number}", 0.0]) == 1 for number in range(1, 9))
    for row in made:
        for picks in row.picks.values():
            for pick in picks:
                assert sum(len(drawn[model, pick.temperature]) for model in pick.models) >= pick.k


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            BaselineSettings(general="generall"),
            "baselines.general: no seed 'generall'; did you mean 'general'",
        ),
        (BaselineSettings(control=ControlSettings(draws=4)), "baselines.control.draws: 4 .* 8 do"),
        (BaselineSettings(expert_draws=2), "baselines.expert_draws: 2 .* 3 do"),
        (BaselineSettings(expert_splits=((4, 4),)), "no set of 2 experts for .4, 4."),
        (BaselineSettings(expert_splits=((4, 4, 4),)), "must add up to 1 … 8"),
        (BaselineSettings(big=BigSettings(draws=3)), "baselines.big.draws: 3 .* 8 do"),
    ],
)
def test_settings_that_cannot_be_met_are_refused(settings: BaselineSettings, message: str) -> None:
    with pytest.raises(InputError, match=message):
        rows(settings)


def test_an_unknown_expert_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="no seed 'list'; did you mean 'lists'"):
        methods(DEFAULT, {"mine": ("general", "list")}, SEEDS, 8, big=True)


def test_rows_can_be_left_out() -> None:
    settings = BaselineSettings(even=False, noise=NoiseSettings(copies=0), big=BigSettings(draws=0))
    names = rows(settings)
    assert not any("evenly" in name or "noise" in name or "Big model ×" in name for name in names)


def test_parameters_are_counted_from_headers_alone(tmp_path: Path) -> None:
    header = json.dumps(
        {
            "__metadata__": {"format": "pt"},
            "a": {"dtype": "F32", "shape": [3, 5], "data_offsets": [0, 60]},
            "b": {"dtype": "F32", "shape": [7], "data_offsets": [60, 88]},
        }
    ).encode()
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    assert parameters(tmp_path) == 22
    with pytest.raises(InputError, match="no safetensors"):
        parameters(tmp_path / "nothing")


def test_a_noisy_copy_is_the_seed_with_the_familys_mutation_the_same_every_time(tiny_model_dir: Path) -> None:
    import functools

    import torch

    from acdc.variation.settings import MutationSettings
    from acdc.weights.tensors import read_weights
    from evals.rivals.baselines import noisy_copy

    load = functools.partial(read_weights, tiny_model_dir / "model.safetensors")
    mutation = MutationSettings(relative=True, scale=0.02)
    seed, copies = (
        load(),
        [
            noisy_copy(load, mutation, 0, factor, number)
            for factor, number in ((1, 0), (1, 0), (1, 1), (5, 0))
        ],
    )
    name = next(name for name in seed if name.endswith("q_proj.weight"))
    moved = [float((copy[name] - seed[name]).norm() / seed[name].norm()) for copy in copies]
    assert torch.equal(copies[0][name], copies[1][name])
    assert not torch.equal(copies[0][name], copies[2][name])
    assert 0.01 < moved[0] < 0.04
    assert moved[3] == pytest.approx(5 * moved[0], rel=1e-3)
    assert noisy_copy(load, MutationSettings(kind="none"), 0, 1, 0).keys() == seed.keys()
