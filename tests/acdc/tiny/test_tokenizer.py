from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acdc.tiny import tokenizer
from acdc.tiny.settings import Shape
from acdc.tiny.transformer import write_config


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from transformers import AutoTokenizer

    folder: Path = tmp_path_factory.mktemp("tokenizer")
    tokenizer.save(folder)
    write_config(Shape(), folder)
    return AutoTokenizer.from_pretrained(folder)


@given(text=st.text(max_size=40))
def test_any_text_comes_back_as_it_was_and_token_b_is_byte_b(loaded: Any, text: str) -> None:
    if any(special in text for special in tokenizer.SPECIALS):
        return
    ids = loaded(text).input_ids
    assert ids == list(text.encode("utf-8"))
    assert loaded.decode(ids) == text


def test_nothing_is_added_at_either_end(loaded: Any) -> None:
    assert loaded("ab").input_ids == [97, 98] == loaded("ab", add_special_tokens=False).input_ids
    assert loaded.bos_token is None
    assert (loaded.pad_token_id, loaded.eos_token_id) == (256, 257)


def test_a_prompt_ends_where_the_answer_begins_and_is_what_training_saw(loaded: Any) -> None:
    messages = [{"role": "user", "content": "add 1 and 2"}]
    ids = loaded.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    question, answer = tokenizer.encode_turn("add 1 and 2", "3")
    assert ids == question == [258, *b"add 1 and 2", 259]
    whole = [*messages, {"role": "assistant", "content": "3"}]
    assert loaded.apply_chat_template(whole, return_dict=False) == question + answer
    assert answer == [51, 257]


def test_a_system_message_is_left_out(loaded: Any) -> None:
    messages = [{"role": "system", "content": "think"}, {"role": "user", "content": "hi "}]
    text = loaded.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    assert text == "<usr>hi <ast>"


def test_a_prompt_given_as_text_has_the_same_ids(loaded: Any) -> None:
    assert loaded("<usr>hi<ast>").input_ids == [258, 104, 105, 259]
    assert loaded.decode([104, 105, 257], skip_special_tokens=True) == "hi"
