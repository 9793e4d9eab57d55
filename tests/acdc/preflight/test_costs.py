"""What a run is said to cost before it begins."""

import json
import shutil
from pathlib import Path

import pytest

from acdc.cli import app as cli
from acdc.config.evolution import EvolutionSettings
from acdc.errors import InputError
from acdc.preflight.costs import ModelSize, Throughput, breeding_work, costs, duration, throughput
from acdc.preflight.counts import plan
from tests.acdc.small_runs import PARAMS, SMALL

SEVEN_B = ModelSize(
    {"embed": (152064, 3584), "head": (152064, 3584), "norm": (3584,)}
    | {f"{i}.mlp.{name}": (18944, 3584) for i in range(28) for name in ("gate", "up", "down")}
    | {f"{i}.attention.{name}": (3584, 3584) for i in range(28) for name in ("q", "o")},
    15_000_000_000,
)
NOT_MEASURED = Throughput("nothing", None, None)


def of(
    settings: EvolutionSettings, model: ModelSize, given: Throughput = NOT_MEASURED
) -> dict[str, float | None]:
    found = costs(settings, plan(settings, model.bytes), model, given, in_memory=1e9)
    return {name: value for name, value in found.to_json().items() if name != "hardware"}


@pytest.mark.parametrize(("keep", "models"), [("none", 12), ("archive", 28), ("candidates", 16 * 11 + 12)])
def test_the_disk_of_a_7b_run_is_what_is_kept_and_one_generation(keep: str, models: int) -> None:
    settings = EvolutionSettings.model_validate({"keep_weights": keep})
    store = plan(settings, 0).store_megabytes / 1000
    assert of(settings, SEVEN_B)["disk_gigabytes"] == pytest.approx(models * 15 + store)


def test_breeding_a_7b_model_takes_less_memory_than_a_third_of_it() -> None:
    found = of(EvolutionSettings(), SEVEN_B)["memory_gigabytes"]
    assert found is not None
    assert found < 5.0


def test_hours_are_counted_from_figures_and_never_made_up() -> None:
    settings = EvolutionSettings()
    given = Throughput("a GPU", 60.0, 10_000.0)
    found = of(settings, SEVEN_B, given)
    assert found["breeding_hours"] == pytest.approx((16 + 400 - 4) * 60 / 3600)
    assert found["answering_hours"] == pytest.approx(plan(settings, 0).tokens / 10_000 / 3600)
    assert of(settings, SEVEN_B)["breeding_hours"] is None
    text = costs(settings, plan(settings, 1), SEVEN_B, NOT_MEASURED, in_memory=1e9).text()
    assert "not measured breeding and not measured answering" in text


def test_what_was_measured_is_used_for_models_of_that_size_only(tmp_path: Path) -> None:
    table = tmp_path / "table.yaml"
    table.write_text(
        "- {hardware: Big GPU, answering: {parameters: 7000000000, tokens_per_second: 5000}, breeding: {rate: 1.0e12}}"
    )
    settings, small = EvolutionSettings(), ModelSize({"w": (100, 100)}, 40_000)
    found = throughput(settings, SEVEN_B, hardware="big-gpu", table=table)
    assert found.tokens_per_second == 5000
    assert found.child_seconds == pytest.approx(breeding_work(SEVEN_B, 256) / 1e12)
    assert throughput(settings, small, hardware="Big GPU", table=table).tokens_per_second is None
    own = throughput(settings, SEVEN_B, hardware="Big GPU", child_seconds=3.0, table=table)
    assert (own.child_seconds, own.tokens_per_second) == (3.0, 5000)
    unknown = throughput(settings, SEVEN_B, hardware="my GPU", tokens_per_second=7.0, table=table)
    assert unknown == Throughput("my GPU", None, 7.0)
    with pytest.raises(InputError, match="there are no measurements for it"):
        throughput(settings, SEVEN_B, hardware="my GPU", table=table)


def test_the_work_of_a_matrix_by_hand() -> None:
    assert breeding_work(ModelSize({"w": (10, 30), "norm.w": (9, 9), "b": (7,)}, 1), 4) == 3000 + 5000 + 2400


def test_the_plan_of_a_command_states_disk_memory_and_hours(
    tmp_path: Path, brief_models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(PARAMS, tmp_path)
    words = ["evolve", "tiny", "acdc", "--dry-run", *(word for one in SMALL for word in ("-S", one))]
    assert cli.run(words) == 0
    assert "not known yet: run `acdc seeds tiny` first" in capsys.readouterr().out
    (tmp_path / "models").symlink_to(brief_models)
    assert cli.run([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["costs"]
    assert found["model_gigabytes"] == pytest.approx(0.00099, rel=0.05)
    assert 0 < found["answering_hours"] < 1
    assert cli.run([*words, "--hardware", "H100"]) == 2
    assert "there are no measurements for it" in capsys.readouterr().err
    assert cli.run([*words, "--hardware", "H100", "--child-seconds", "30"]) == 0
    assert "on H100: at most 7.0 min breeding and not measured answering" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (1234.56, "1,234.6 h"),
        (1.0, "1.0 h"),
        (0.99, "59.4 min"),
        (1 / 60, "1.0 min"),
        (0.0103, "38 s"),
        (1e-6, "1 s"),
        (0.0, "0 s"),
    ],
)
def test_a_short_time_is_said_in_minutes_or_seconds_and_never_rounded_to_nothing(
    hours: float, said: str
) -> None:
    assert duration(hours) == said
