"""The `engine` section: which kind it is decides which keys it may have."""

from pathlib import Path
from typing import Any

import pytest

from acdc.config.config import parse
from acdc.engines import APISettings, EngineSettings, VllmSettings
from acdc.errors import InputError
from acdc.runs.settings_hash import asked

MINIMAL: dict[str, Any] = {
    "selected": {"families": ["tiny"], "variants": ["acdc"], "seeds": [0]},
    "families": {"tiny": {"train": {}}},
    "variants": {"acdc": {}, "random_search": {}, "no_selection": {}},
}


@pytest.mark.parametrize(
    ("section", "kind"),
    [
        ({}, EngineSettings),
        ({"kind": "transformers", "rows": 8}, EngineSettings),
        ({"kind": "vllm", "tensor_parallel": 2}, VllmSettings),
        ({"kind": "api", "base_url": "http://localhost/v1", "model": "m"}, APISettings),
    ],
)
def test_the_kind_decides(section: dict[str, Any], kind: type) -> None:
    assert type(parse({**MINIMAL, "engine": section}).engine) is kind


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"kind": "vlm"}, "engine.kind: there is no 'vlm'; did you mean 'vllm'"),
        ({"kind": ["vllm"]}, "engine.kind: there is no"),
        ({"kind": "vllm", "rows": 8}, "engine.rows: unknown key"),
        ({"kind": "vllm", "memory_share": 1.5}, "engine.memory_share"),
        ({"kind": "api"}, "base_url and model must be given"),
    ],
)
def test_what_a_kind_does_not_know_is_said(section: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse({**MINIMAL, "engine": section})


def test_a_transformers_runs_identity_is_what_it_always_was() -> None:
    config = parse(MINIMAL, Path("x"))
    assert asked(config, config.run_spec("tiny", "acdc", 0))["engine"] == {
        "kind": "transformers",
        "rows": 64,
        "widths": [32, 64, 128, 256, 512, 1024, 2048],
        "threads": 1,
    }


def test_what_changes_no_answer_is_no_part_of_a_vllm_runs_identity() -> None:
    one, other = VllmSettings(), VllmSettings(memory_share=0.5, cache_gib=3, canary="probe", process="own")
    assert one.identity() == other.identity()
    assert one.identity() != VllmSettings(sequences=8).identity()


def test_tensor_parallelism_needs_processes_of_its_own() -> None:
    assert VllmSettings().in_process
    assert not VllmSettings(tensor_parallel=2).in_process
