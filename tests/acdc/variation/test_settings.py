import pytest
from pydantic import ValidationError

from acdc.engines.settings import EngineSettings
from acdc.variation import CrossoverSettings, MutationSettings


def test_defaults_are_the_papers() -> None:
    assert (CrossoverSettings().std, CrossoverSettings().weights) == (0.5, "signed")
    assert (MutationSettings().rank, MutationSettings().scale, MutationSettings().relative) == (
        256,
        0.25,
        False,
    )


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (CrossoverSettings, {"std": -0.1}),
        (CrossoverSettings, {"std": float("nan")}),
        (CrossoverSettings, {"kind": "slurp"}),
        (MutationSettings, {"rank": 0}),
        (MutationSettings, {"scal": 0.25}),
        (EngineSettings, {"widths": [64, 32]}),
        (EngineSettings, {"widths": []}),
        (EngineSettings, {"rows": 0}),
        (EngineSettings, {"dtype": "float8"}),
    ],
)
def test_wrong_settings_are_refused(model: type, wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        model(**wrong)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        MutationSettings().rank = 3  # type: ignore[misc]
