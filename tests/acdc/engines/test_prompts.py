import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from acdc.engines.prompts import Prompts
from acdc.errors import InputError


def with_bos(directory: Path) -> Path:
    """The byte-level tokenizer in `directory`, changed to put <usr> (id 2) before every text."""
    for name, change in (
        (
            "tokenizer.json",
            {
                "post_processor": {
                    "type": "TemplateProcessing",
                    "single": [
                        {"SpecialToken": {"id": "<usr>", "type_id": 0}},
                        {"Sequence": {"id": "A", "type_id": 0}},
                    ],
                    "pair": [
                        {"Sequence": {"id": "A", "type_id": 0}},
                        {"Sequence": {"id": "B", "type_id": 1}},
                    ],
                    "special_tokens": {"<usr>": {"id": "<usr>", "ids": [2], "tokens": ["<usr>"]}},
                }
            },
        ),
        ("tokenizer_config.json", {"bos_token": "<usr>"}),
    ):
        path = directory / name
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
    return directory


def test_texts_round_trip_with_spaces_newlines_and_foreign_letters(tiny_model_dir: Path) -> None:
    prompts = Prompts(tiny_model_dir, {})
    for text in ("a  b\n\n c ", "σᵢ ← ε", "tab\t.", " , ' n't"):
        assert prompts.decode(prompts.encode(text)) == text


def test_a_prompt_carries_exactly_one_beginning_token(
    tmp_path: Path, save_tokenizer: Callable[[Path], None]
) -> None:
    save_tokenizer(tmp_path)
    prompts = Prompts(with_bos(tmp_path), {})
    for text in ("ab", "<usr>ab", "<usr><usr>ab"):
        assert prompts.encode(text) == prompts.encode("ab")
        assert prompts.encode(text).count(2) == 1
    assert prompts.encode("") == [2]


def test_a_tokenizer_that_adds_no_beginning_token_gets_none(tiny_model_dir: Path) -> None:
    prompts = Prompts(tiny_model_dir, {})
    assert prompts.encode("<usr>ab")[0] == 2
    assert len(prompts.encode("ab")) == 2


def test_chat_uses_the_template_with_the_generation_prompt(tiny_model_dir: Path) -> None:
    prompts = Prompts(tiny_model_dir, {})
    assert prompts.chat("hi") == "<usr>hi<ast>"
    assert prompts.chat("hi", "be brief") == "<sys>be brief<usr>hi<ast>"


def test_chat_template_arguments_reach_the_template(tiny_model_dir: Path) -> None:
    prompts = Prompts(tiny_model_dir, {"enable_thinking": False})
    prompts.tokenizer.chat_template = "{{ enable_thinking }}|{{ messages[0]['content'] }}"
    assert prompts.chat("hi") == "False|hi"


def test_a_template_that_refuses_the_system_role_gets_it_in_the_users_turn(tiny_model_dir: Path) -> None:
    prompts = Prompts(tiny_model_dir, {})
    prompts.tokenizer.chat_template = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}{{ messages[0]['content'] }}"
    assert prompts.chat("hi", "be brief") == "be brief\n\nhi"


def test_a_tokenizer_without_chat_template_is_bad_input(tiny_model_dir: Path) -> None:
    prompts = Prompts(tiny_model_dir, {})
    prompts.tokenizer.chat_template = None
    with pytest.raises(InputError, match="no chat template"):
        prompts.chat("hi")


def test_a_directory_without_a_tokenizer_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no tokenizer"):
        Prompts(tmp_path, {})


@pytest.mark.parametrize(
    ("context", "continuation"), [("ab", "cd"), ("ab ", "cd"), ("", "cd"), ("ab", ""), ("", "")]
)
def test_a_split_puts_border_spaces_into_the_continuation(
    tiny_model_dir: Path, context: str, continuation: str
) -> None:
    prompts = Prompts(tiny_model_dir, {})
    start, target = prompts.split(context, continuation)
    assert start
    if continuation:
        assert prompts.decode(start) == context.rstrip()
        assert prompts.decode(target) == context[len(context.rstrip()) :] + continuation
    else:
        assert target == []


def test_a_stop_token_that_is_no_token_is_named(tiny_model_dir: Path) -> None:
    Prompts(tiny_model_dir, {}, ["<usr>", "<sys>"])
    with pytest.raises(InputError, match=r"stop_tokens: '<\|im_end\|>' is not a token"):
        Prompts(tiny_model_dir, {}, ["<usr>", "<|im_end|>"])


def test_a_prompt_that_is_too_long_is_for_us_to_refuse_not_for_the_tokenizer_to_lament(
    tmp_path: Path,
    save_tokenizer: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    save_tokenizer(tmp_path)
    config = tmp_path / "tokenizer_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model_max_length": 16}))
    assert len(Prompts(tmp_path, {}).encode("a" * 40)) == 40
    assert "maximum sequence length" not in caplog.text
