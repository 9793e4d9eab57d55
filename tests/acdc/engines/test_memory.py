"""The memory plan, against sizes worked out by hand."""

from typing import Any

import pytest

from acdc.engines.memory import GIB, CacheShape, Demand, MemoryPlan, plan_memory
from acdc.errors import InputError

# Qwen2-7B's config.json: 28 layers, 4 key-value heads of 128
QWEN = {
    "hidden_size": 3584,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "num_hidden_layers": 28,
    "vocab_size": 152064,
}
SHAPES: dict[str, tuple[int, ...]] = {"embedding": (152064, 3584), "head": (152064, 3584)}
SHAPES |= {f"layer {index}": (233_057_920,) for index in range(28)}


def plan(**changes: Any) -> MemoryPlan:
    asked: dict[str, Any] = {
        "dtype": "bfloat16",
        "context": 4096,
        "sequences": 256,
        "devices": 1,
        "limit": 72 * GIB,
        "cache": None,
        "through_checkpoint": False,
    }
    return plan_memory(SHAPES, QWEN, Demand(**{**asked, **changes}))


def test_a_token_of_qwen2_7b_takes_56_kib_of_cache() -> None:
    assert CacheShape.of(QWEN).bytes_per_token("bfloat16", 1) == 2 * 28 * 4 * 128 * 2 == 57344
    assert CacheShape.of(QWEN).bytes_per_token("bfloat16", 2) == 57344 / 2
    assert CacheShape.of(QWEN).bytes_per_token("bfloat16", 8) == 57344 / 4  # heads are repeated, not split
    assert CacheShape.of({"text_config": QWEN}) == CacheShape.of(QWEN)


def test_the_cache_gets_what_weights_staging_and_sampling_leave() -> None:
    found = plan()
    weights = 2 * (2 * 152064 * 3584 + 28 * 233_057_920)
    assert found.weights == weights
    assert found.sampling == 2 * 4 * 256 * 152064
    assert found.device == 72 * GIB
    assert found.cache == 72 * GIB - weights - found.staging - found.sampling
    assert found.full_sequences == found.cache // (57344 * 4096)
    assert found.host == weights
    found.check("qwen2")


def test_two_gpus_halve_a_models_share_and_files_double_what_the_host_holds() -> None:
    found = plan(devices=2, through_checkpoint=True)
    assert found.weights == plan().weights // 2
    assert found.host == 2 * plan().host


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"limit": 12 * GIB}, r"At least 1\d\.\d GiB .*engine\.tensor_parallel"),
        ({"cache": 60 * GIB}, r"engine\.cache_gib to at most 5\d"),
        ({"cache": GIB // 10}, r"engine\.cache_gib to 0\.22 or more"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_helps(changes: dict[str, Any], advice: str) -> None:
    with pytest.raises(InputError, match=rf"models/qwen does not fit: weights .*{advice}"):
        plan(**changes).check("models/qwen")


def test_a_configuration_that_says_nothing_is_bad_input() -> None:
    with pytest.raises(InputError, match="can't plan its memory"):
        CacheShape.of({"num_attention_heads": 4})
