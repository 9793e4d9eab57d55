"""The plan is an upper bound that real runs keep."""

from acdc.config.evolution import EvolutionSettings
from acdc.preflight.counts import plan


def test_the_published_plan_is_what_the_paper_says() -> None:
    paper = plan(EvolutionSettings(), model_bytes=15_000_000_000)
    assert paper.individuals == 16 + 50 * 8
    assert paper.tasks_active == 250
    # 16 founders and 400 children on 250 tasks, ten evolutions with 24 models on at most 150 new tasks each.
    assert paper.answers == 416 * 250 + 10 * 24 * 150
    assert paper.tokens == paper.answers * 512
    assert paper.weights_megabytes == 16 * 15_000


def test_the_window_over_a_static_pool_moves_as_often_as_an_evolving_one_is_renewed() -> None:
    settings = EvolutionSettings.model_validate({"tasks": {"static": True, "choice_tasks": 400}})
    assert plan(settings, 0).answers == 416 * 250 + 10 * 24 * 150
    assert plan(settings, 0).tasks_ever == 400
