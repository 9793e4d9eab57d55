"""What params.yaml may say, and what a person is told when it says something else."""

from pathlib import Path

import pytest

from acdc.config.config import load, parse
from acdc.errors import InputError
from acdc.parsing.yaml import read_yaml

PARAMS = Path(__file__).parents[3] / "params.yaml"


@pytest.fixture
def data() -> dict:
    return read_yaml(PARAMS.read_text())


def test_the_projects_own_settings_are_valid() -> None:
    config = load(PARAMS)
    assert config.evolution("tiny", "acdc").population == 16
    assert config.evolution("tiny", "no_dns").selection.rule == "fitness"
    assert config.evolution("tiny", "acdc").mutation.relative


def test_a_variant_changes_only_what_it_says(data: dict) -> None:
    config = parse(data)
    full = config.evolution("tiny", "acdc").model_dump()
    ablated = config.evolution("tiny", "no_mutation").model_dump()
    assert ablated.pop("mutation")["kind"] == "none"
    full.pop("mutation")
    assert ablated == full


def test_a_familys_own_engine_settings_are_laid_over_the_section(data: dict) -> None:
    data["families"]["mine"] = {
        "base": "b",
        "seeds": {"general": "g"},
        "engine": {"rows": 4},
        "big_engine": {"rows": 2},
    }
    config = parse(data)
    assert config.engine_of("tiny") is config.engine
    assert config.engine_of("of no family") is config.engine
    assert (config.engine_of("mine").rows, config.engine_of("mine", big=True).rows) == (4, 2)
    assert config.engine_of("mine").widths == config.engine.widths


def test_the_papers_families_have_what_their_runs_need() -> None:
    config = load(PARAMS)
    for name in ("qwen2", "qwen2.5", "qwen3", "deepseek", "llama3"):
        family = config.family(name)
        assert (family.preset, family.dtype) == ("paper", "bfloat16")
        assert list(family.seeds) == ["general", "code", "math"]
        assert list(family.experts.values()) == [("general", "code", "math")]
        assert family.stop_tokens
        assert all(len(commit) == 40 for commit in family.revisions.values())
        assert config.evolution(name, "acdc").crossover.std == 0.5
    assert config.family("qwen3").chat_template_args == {"enable_thinking": False}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"families": {"x": {"base": "b", "seeds": {"general": "g"}, "engine": {"row": 3}}}},
            ["families.x.engine.row", "did you mean 'rows'"],
        ),
        (
            {"families": {"x": {"base": "b", "seeds": {"general": "g"}, "big_engine": {"rows": 0}}}},
            ["families.x.big_engine.rows", "greater than or equal to 1"],
        ),
        (
            {"families": {"x": {"base": "b", "seeds": {"general": "g"}, "revisions": {"genral": "c"}}}},
            ["families.x", "did you mean 'general'"],
        ),
        ({"evolution": {"generatoins": 3}}, ["evolution.generatoins", "did you mean 'generations'"]),
        (
            {"variants": {"x": {"selection": {"rul": "dns"}}}},
            ["variants.x.selection.rul", "did you mean 'rule'"],
        ),
        ({"evolution": {"generations": "many"}}, ["evolution.generations", "valid integer", "'many'"]),
        ({"presets": {"tiny": {"selection": {"rule": "dnz"}}}}, ["presets.tiny.selection.rule", "'dns'"]),
        ({"selected": {"families": ["tinny"]}}, ["selected.families.0", "did you mean 'tiny'"]),
        ({"selected": {"variants": ["no_dsn"]}}, ["selected.variants.0", "did you mean 'no_dns'"]),
        ({"selected": {"seeds": [1, 1]}}, ["selected.seeds", "twice"]),
        ({"families": {"tiny": {"preset": "tinny"}}}, ["families.tiny.preset", "did you mean 'tiny'"]),
        ({"variants": {"x": 3}}, ["variants.x", "mapping"]),
        ({"engin": {}}, ["engin", "did you mean 'engine'"]),
        ({"comparison": {"ours": "acdx"}}, ["comparison.ours", "did you mean 'acdc'"]),
        ({"comparison": {"claim_sizes": [20]}}, ["comparison.claim_sizes", "20"]),
        ({"evaluation": {"thorough": ["acdx"]}}, ["evaluation.thorough", "did you mean 'acdc'"]),
        (
            {"evaluation": {"benchmarks": ["tiny_colom"]}},
            ["evaluation.benchmarks", "did you mean 'tiny_colon'"],
        ),
        ({"taskforce": {"sizes": [0]}}, ["taskforce.sizes.0", "greater than or equal to 1"]),
        (
            {"taskforce": {"forced": ["general"], "excluded": ["general"]}},
            ["taskforce", "both forced and excluded"],
        ),
    ],
)
def test_a_fault_is_told_with_its_path_and_the_nearest_name(
    data: dict, change: dict, expected: list[str]
) -> None:
    from acdc.parsing.validation import merged

    with pytest.raises(InputError) as error:
        parse(merged(data, change))
    for text in expected:
        assert text in str(error.value)
    assert error.value.exit_code == 2


def test_rules_between_fields_wait_for_the_merged_settings(data: dict) -> None:
    from acdc.parsing.validation import merged

    more = {
        "presets": {"tiny": {"tasks": {"initial_attempts": 3000}}},
        "evolution": {"tasks": {"initial_target": 1000}},
    }
    assert parse(merged(data, more)).evolution("tiny", "acdc").tasks.initial_target == 1000
    with pytest.raises(InputError, match="initial_attempts must be at least"):
        parse(merged(data, {"evolution": {"tasks": {"initial_target": 1000}}}))


def test_asking_for_an_unknown_family_or_variant_names_the_nearest(data: dict) -> None:
    config = parse(data)
    with pytest.raises(InputError, match="did you mean 'tiny'"):
        config.evolution("tinyy", "acdc")
    with pytest.raises(InputError, match="did you mean 'static_tasks'"):
        config.evolution("tiny", "static_task")


@pytest.mark.parametrize("text", ["", "- 1\n- 2\n", "a: [", "\x00"])
def test_a_file_that_is_no_mapping_is_bad_input(tmp_path: Path, text: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"params\.yaml"):
        load(path)


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--params"):
        load(tmp_path / "nothing.yaml")


def test_overrides_are_laid_over_the_file() -> None:
    assert load(PARAMS, ["presets.tiny.generations=3"]).evolution("tiny", "acdc").generations == 3
    assert load(PARAMS, ["selected.seeds=[7]"]).selected.seeds == [7]
    with pytest.raises(InputError, match="KEY"):
        load(PARAMS, ["nonsense"])
