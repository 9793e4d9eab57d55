"""What every engine does, on a trained model. What an engine can't promise it declares, and is measured at instead."""

import random
from typing import Any

import pytest

from acdc.engines.engine import UNKNOWN, Answer, Request, Sampling
from acdc.errors import InputError

GREEDY = Sampling(max_new_tokens=24)
DRAWN = Sampling(temperature=0.9, top_p=0.95, max_new_tokens=24)
AGREEMENT = 0.95
"""Least share of answers that agree where an engine does not promise equal bits; docs/engines.md has what was measured."""


def ask(engine: Any, texts: list[str], sampling: Sampling = GREEDY) -> list[Answer]:
    return list(
        engine.generate([Request(engine.chat(text), 1000 + i) for i, text in enumerate(texts)], sampling)
    )


def same(first: list[Answer], second: list[Answer], *, ids: bool = True) -> float:
    """Share of answers that agree, in token ids where both have them."""
    assert len(first) == len(second)
    pairs = [(a.tokens, b.tokens) if ids else (a.text, b.text) for a, b in zip(first, second, strict=True)]
    return sum(a == b for a, b in pairs) / len(pairs)


def least(engine: Any) -> float:
    return 1.0 if engine.capabilities.same_bits_in_any_company else AGREEMENT


def test_greedy_answers_are_the_references_token_for_token(
    engine: Any, reference: Any, questions: list[str], record_property: Any
) -> None:
    mine, theirs = ask(engine, questions), ask(reference, questions)
    share = same(mine, theirs, ids=engine.capabilities.token_ids)
    record_property("agreement", share)
    assert share >= least(engine)
    for a, b in zip(mine, theirs, strict=True):
        assert a.prompt_tokens == b.prompt_tokens
        if a.text == b.text:
            assert a.finish == b.finish
            assert len(a.tokens) == len(b.tokens)


def test_logprobs_are_the_references_where_an_engine_has_them(
    engine: Any, reference: Any, questions: list[str]
) -> None:
    for a, b in zip(ask(engine, questions), ask(reference, questions), strict=True):
        if not engine.capabilities.logprobs:
            assert a.logprobs == ()
        elif a.tokens == b.tokens:
            assert a.logprobs == pytest.approx(b.logprobs, abs=1e-3)


def test_logprobs_that_were_not_asked_for_are_not_there(engine: Any, questions: list[str]) -> None:
    asked = ask(engine, questions[:8])
    unasked = ask(engine, questions[:8], Sampling(max_new_tokens=24, logprobs=False))
    assert all(answer.logprobs == () for answer in unasked)
    assert same(asked, unasked) >= least(engine)


def test_three_individuals_answer_differently_and_the_first_comes_back(
    engine: Any, reference: Any, individuals: dict[str, Any], questions: list[str]
) -> None:
    if engine.capabilities.swaps == "never":
        with pytest.raises(InputError, match="can't be changed"):
            engine.load(individuals["strings"], "strings")
        engine.load({}, engine.weights_hash)
        assert same(ask(engine, questions), ask(reference, questions), ids=False) == 1.0
        return
    before, found = ask(engine, questions), {}
    for name in ("strings", "lists", "general"):
        engine.load(individuals[name], name)
        reference.load(individuals[name], name)
        assert engine.weights_hash == name
        found[name] = ask(engine, questions)
        assert same(found[name], ask(reference, questions)) >= least(engine)
    assert same(found["general"], before) == 1.0
    assert max(same(found["strings"], before), same(found["lists"], before)) < 0.9


def test_neither_order_nor_batch_size_changes_answers(
    engine: Any, questions: list[str], record_property: Any
) -> None:
    together = ask(engine, questions)
    order = random.Random(0).sample(range(len(questions)), len(questions))
    shuffled = ask(engine, [questions[index] for index in order])
    back = [shuffled[order.index(index)] for index in range(len(questions))]
    alone = [ask(engine, [question])[0] for question in questions[:20]]
    shares = same(together, back), same(together[:20], alone)
    record_property("agreement", shares)
    assert min(shares) >= least(engine)


def test_draws_repeat_by_stream_and_differ_between_streams(engine: Any, questions: list[str]) -> None:
    prompt = engine.chat(questions[0])
    requests = [Request(prompt, stream) for stream in (5, 5, 2**64 - 1, *range(100, 121))]
    first, second = engine.generate(requests, DRAWN), engine.generate(requests, DRAWN)
    assert [a.text for a in first] == [a.text for a in second]
    assert first[0].text == first[1].text
    assert len({answer.text for answer in first}) > 5


def test_a_draw_does_not_depend_on_its_company(engine: Any, questions: list[str]) -> None:
    together = ask(engine, questions, DRAWN)
    alone = [
        engine.generate([Request(engine.chat(text), 1000 + index)], DRAWN)[0]
        for index, text in enumerate(questions[:20])
    ]
    assert same(together[:20], alone, ids=engine.capabilities.token_ids) >= least(engine)


def test_the_end_token_ends_an_answer_and_is_not_in_it(engine: Any, questions: list[str]) -> None:
    ended = [
        answer for answer in ask(engine, questions, Sampling(max_new_tokens=40)) if answer.finish == "stop"
    ]
    assert len(ended) > len(questions) / 2
    assert all(len(answer.tokens) < 40 and 257 not in answer.tokens for answer in ended)


def test_a_stop_text_ends_an_answer_and_is_not_in_its_text(
    engine: Any, reference: Any, questions: list[str]
) -> None:
    free = ask(reference, questions)
    long = [index for index, answer in enumerate(free) if len(answer.text) > 4 and answer.text.isascii()]
    assert len(long) > 10
    for index in long[:8]:
        mark = free[index].text[2:4]
        sampling = Sampling(max_new_tokens=24, stop=("never there", mark))
        mine, theirs = (ask(one, [questions[index]], sampling)[0] for one in (engine, reference))
        assert mine.text == theirs.text == free[index].text[: free[index].text.index(mark)]
        assert mine.finish == theirs.finish == "stop"
        if engine.capabilities.token_ids:
            assert mine.tokens == theirs.tokens


def test_the_budget_ends_an_answer(engine: Any, questions: list[str]) -> None:
    for answer in ask(engine, questions[:12], Sampling(max_new_tokens=1)):
        assert len(answer.tokens) <= 1
        assert answer.finish == ("length" if answer.tokens else "stop")


def test_no_prompt_and_empty_prompts_are_answered(engine: Any, reference: Any) -> None:
    assert engine.generate([], GREEDY) == []
    mine, theirs = ask(engine, [""])[0], ask(reference, [""])[0]
    assert (mine.text, mine.prompt_tokens) == (theirs.text, theirs.prompt_tokens)
    assert engine.generate([Request("")], GREEDY)[0].prompt_tokens >= 1


def test_a_prompt_that_does_not_fit_is_bad_input_and_harms_no_other_request(
    engine: Any, reference: Any, questions: list[str]
) -> None:
    with pytest.raises(InputError, match=r"Prompt 1 .*budget of 24 new tokens"):
        ask(engine, ["short", "long " * 100])
    with pytest.raises(InputError):
        ask(engine, ["a" * 240])  # the prompt alone would fit
    assert ask(engine, questions[:1])[0].text == ask(reference, questions[:1])[0].text


def test_a_thousand_prompts_at_once_are_all_answered_in_order(
    engine: Any, reference: Any, questions: list[str]
) -> None:
    texts = [f"{questions[index % len(questions)]} {index}" for index in range(1000)]
    short, told = Sampling(max_new_tokens=2), list[int]()
    requests = [Request(engine.chat(text)) for text in texts]
    answers = engine.generate(requests, short, told.append)
    assert len(answers) == sum(told) == 1000
    assert same(answers, ask(reference, texts, short), ids=engine.capabilities.token_ids) >= least(engine)


def test_hundreds_of_draws_at_once_repeat(engine: Any, questions: list[str]) -> None:
    texts = [f"{questions[index % len(questions)]} {index}" for index in range(300)]
    short = Sampling(temperature=0.9, max_new_tokens=2)
    assert [a.text for a in ask(engine, texts, short)] == [a.text for a in ask(engine, texts, short)]


def test_every_script_goes_in_and_comes_out_as_the_references(engine: Any, reference: Any) -> None:
    texts = ["äöüß", "漢字かな", "עברית", "🧬🧪 e\u0301", "\u0000\t\n", "a\u200db", "ﬁ Ⅷ", "𝔘𝔫𝔦"]
    for a, b in zip(ask(engine, texts), ask(reference, texts), strict=True):
        assert a.prompt_tokens == b.prompt_tokens
        assert a.text == b.text


def test_what_an_engine_does_not_know_it_does_not_invent(engine: Any, questions: list[str]) -> None:
    for answer in ask(engine, questions[:12]):
        assert all((token == UNKNOWN) != engine.capabilities.token_ids for token in answer.tokens)
        if engine.capabilities.logprobs:
            assert len(answer.logprobs) == len(answer.tokens)
        assert len(answer.certainties) == (len(answer.tokens) if engine.capabilities.certainties else 0)


def test_weights_that_do_not_belong_here_are_bad_input_and_change_nothing(
    engine: Any, individuals: dict[str, Any], questions: list[str]
) -> None:
    before, name = ask(engine, questions[:12]), "model.norm.weight"
    wrong = [
        {key: value for key, value in individuals["lists"].items() if key != name},
        {**individuals["lists"], "model.extra.weight": individuals["lists"][name]},
        {**individuals["lists"], name: individuals["lists"][name][:-1]},
        {**individuals["lists"], name: individuals["lists"][name] * float("nan")},
    ]
    for weights in wrong:
        with pytest.raises(InputError):
            engine.load(weights, "wrong")
    assert ask(engine, questions[:12]) == before
