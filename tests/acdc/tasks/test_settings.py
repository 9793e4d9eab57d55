"""Settings that contradict each other are refused."""

import pytest
from pydantic import ValidationError

from acdc.tasks.settings import TaskSettings


def test_defaults_are_the_published_numbers() -> None:
    settings = TaskSettings()
    assert (settings.initial_target, settings.initial_attempts, settings.cap) == (300, 900, 250)
    assert (settings.interval, settings.adapt, settings.p_novel, settings.p_related) == (5, 150, 0.8, 0.8)
    assert (settings.novelty.threshold, settings.novelty.neighbours) == (0.7, 3)


@pytest.mark.parametrize(
    "wrong", [{"initial_attempts": 10}, {"hard_threshold": 0.6}, {"cap": 0}, {"p_novel": 1.5}, {"capp": 3}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        TaskSettings.model_validate(wrong)
