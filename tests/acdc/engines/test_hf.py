"""The transformers engine on real (random) models of three architectures."""

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from acdc.engines import EngineSettings, open_engine
from acdc.engines.engine import Answer, Request, Sampling
from acdc.engines.hf import TransformersEngine
from acdc.errors import InputError

GREEDY = Sampling(max_new_tokens=24)
SAMPLED = Sampling(temperature=0.8, top_p=0.95, max_new_tokens=24)
ARCHITECTURES = ("llama", "qwen3", "gpt_neox")


def prompts(count: int = 11, seed: int = 0) -> list[Request]:
    rng = random.Random(seed)
    texts = ["<usr>" + "".join(rng.choices("abcde 12", k=rng.randint(1, 40))) + "<ast>" for _ in range(count)]
    return [Request(text, rng.getrandbits(64)) for text in texts]


@pytest.fixture(scope="module")
def engines(
    tmp_path_factory: pytest.TempPathFactory, save_tiny_model: Callable[..., Path]
) -> Callable[[str], TransformersEngine]:
    made: dict[str, TransformersEngine] = {}

    def get(architecture: str) -> TransformersEngine:
        if architecture not in made:
            path = save_tiny_model(tmp_path_factory.mktemp("models") / architecture, 3, architecture)
            made[architecture] = TransformersEngine(path, rows=4, widths=(16, 32, 64))
        return made[architecture]

    return get


@pytest.fixture
def engine(engines: Callable[[str], TransformersEngine]) -> TransformersEngine:
    return engines("llama")


def logits_of(
    engine: TransformersEngine, requests: list[Request], sampling: Sampling, row: int
) -> list[torch.Tensor]:
    """Every step's logits of one row of one batch."""
    seen: list[torch.Tensor] = []
    handle = engine.model.register_forward_hook(
        lambda module, args, output: seen.append(output.logits[row, -1].clone())
    )
    engine.generate(requests, sampling)
    handle.remove()
    return seen


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_an_answer_has_equal_bits_alone_in_company_and_shuffled(
    engines: Callable[[str], TransformersEngine], architecture: str, sampling: Sampling
) -> None:
    engine, requests = engines(architecture), prompts()
    together = engine.generate(requests, sampling)
    alone = [engine.generate([request], sampling)[0] for request in requests]
    order = random.Random(1).sample(range(len(requests)), len(requests))
    shuffled = engine.generate([requests[index] for index in order], sampling)
    assert alone == together  # logprobs are compared bit for bit, too
    assert [together[index] for index in order] == shuffled


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_all_logits_have_equal_bits_alone_and_in_any_row(
    engines: Callable[[str], TransformersEngine], architecture: str
) -> None:
    engine, sampling = engines(architecture), Sampling(max_new_tokens=6)
    wanted = Request("<usr>bits<ast>")
    others = [Request("<usr>a<ast>"), Request("<usr>longer one<ast>"), Request("<usr>mid<ast>")]
    alone = logits_of(engine, [wanted], sampling, 0)
    in_company = logits_of(engine, [*others, wanted], sampling, 2)  # rows are sorted by length
    steps = min(len(alone), len(in_company))
    assert steps >= 1
    assert all(torch.equal(a, b) for a, b in zip(alone[:steps], in_company[:steps], strict=True))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_greedy_tokens_are_those_of_transformers_own_generate(
    engines: Callable[[str], TransformersEngine], architecture: str
) -> None:
    engine = engines(architecture)
    for request, answer in zip(prompts(6), engine.generate(prompts(6), GREEDY), strict=True):
        ids = torch.tensor([engine.prompts.encode(request.prompt)])
        out = engine.model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=24, pad_token_id=0
        )
        theirs = out[0, ids.shape[1] :].tolist()
        assert answer.tokens == tuple(theirs[: theirs.index(1)] if 1 in theirs else theirs)
        assert answer.prompt_tokens == ids.shape[1]


def test_a_draw_depends_on_its_own_stream_only(engine: TransformersEngine) -> None:
    text = "<usr>abc<ast>"
    first, again, other = engine.generate([Request(text, 5), Request(text, 5), Request(text, 6)], SAMPLED)
    assert first == again
    assert first.tokens != other.tokens


def test_a_larger_budget_only_adds_to_an_answer(engine: TransformersEngine) -> None:
    short = engine.generate(prompts(), Sampling(temperature=1.0, max_new_tokens=7))
    long = engine.generate(prompts(), Sampling(temperature=1.0, max_new_tokens=50))
    assert all(
        b.tokens[: len(a.tokens)] == a.tokens and b.logprobs[:1] == a.logprobs[:1]
        for a, b in zip(short, long, strict=True)
    )


def test_finish_says_whether_the_end_token_or_the_budget_ended_the_answer(engine: TransformersEngine) -> None:
    requests = [Request("<usr>abc<ast>", stream) for stream in range(200)]
    answers = engine.generate(requests, Sampling(temperature=1.5, max_new_tokens=40))
    stopped = [answer for answer in answers if answer.finish == "stop"]
    assert 0 < len(stopped) < len(answers)
    assert all(len(answer.tokens) < 40 and 1 not in answer.tokens for answer in stopped)
    assert all(len(answer.tokens) == 40 for answer in answers if answer.finish == "length")
    assert all(
        len(answer.logprobs) == len(answer.tokens) and max(answer.logprobs, default=-1.0) <= 0
        for answer in answers
    )


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_certainties_are_the_divergence_of_a_plain_forward_pass_from_uniform(
    engines: Callable[[str], TransformersEngine], architecture: str
) -> None:
    engine, request = engines(architecture), prompts()[3]
    answer = engine.generate([request], SAMPLED)[0]
    prompt = engine.prompts.encode(request.prompt)
    with torch.inference_mode():
        logits = engine.model(input_ids=torch.tensor([[*prompt, *answer.tokens]])).logits[0].double()
    p = logits.softmax(-1)[len(prompt) - 1 : -1]  # what was known before each token
    uniform = torch.full_like(p, 1 / p.shape[-1])
    expected = (uniform * (uniform / p).log()).sum(-1).tolist()
    assert len(answer.certainties) == len(answer.tokens) > 0
    assert answer.certainties == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("ruled_out", [1, 2])
def test_a_distribution_that_rules_a_token_out_is_infinitely_certain(
    engines: Callable[[str], TransformersEngine], ruled_out: int
) -> None:
    engine, request = engines("llama"), prompts()[3]
    head = engine.model.get_output_embeddings()
    bias = torch.zeros(head.out_features)
    bias[-ruled_out:] = -math.inf
    head.bias = torch.nn.Parameter(bias, requires_grad=False)
    try:
        answer = engine.generate([request], Sampling(max_new_tokens=4))[0]
    finally:
        head.bias = None
    assert set(answer.certainties) == {math.inf}
    assert all(map(math.isfinite, engine.generate([request], Sampling(max_new_tokens=4))[0].certainties))


def test_asking_for_log_probabilities_changes_no_token(engine: TransformersEngine) -> None:
    asked = engine.generate(prompts(), SAMPLED)
    unasked = engine.generate(
        prompts(), Sampling(temperature=0.8, top_p=0.95, max_new_tokens=24, logprobs=False)
    )
    assert [one.tokens for one in asked] == [one.tokens for one in unasked]
    assert {(one.logprobs, one.certainties) for one in unasked} == {((), ())}


def test_a_familys_stop_token_ends_an_answer_as_the_models_own_does(
    tiny_model_dir: Path,
) -> None:
    shapes: dict[str, Any] = {"rows": 4, "widths": (32, 64)}
    engine = TransformersEngine(tiny_model_dir, **shapes)
    (free,) = engine.generate([Request("tell me", 0)], GREEDY)
    inside = free.tokens[5]
    text = engine.prompts.tokenizer.convert_ids_to_tokens([inside])[0]
    stopping = TransformersEngine(tiny_model_dir, **shapes, stop_tokens=[text])
    (stopped,) = stopping.generate([Request("tell me", 0)], GREEDY)
    assert stopped.tokens == free.tokens[: free.tokens.index(inside)]
    assert stopped.finish == "stop"


def test_a_stop_text_cuts_the_answer_wherever_it_was_noticed(engine: TransformersEngine) -> None:
    request = prompts()[3]
    free = engine.generate([request], GREEDY)[0]
    assert len(free.text) > 6
    mark = free.text[4:6]
    answer = engine.generate([request], Sampling(max_new_tokens=24, stop=("never there", mark)))[0]
    cut = free.text.index(mark)
    assert answer.text == free.text[:cut]
    assert answer.finish == "stop"
    assert answer.tokens == free.tokens[: len(answer.tokens)]
    assert engine.prompts.decode(list(answer.tokens)).endswith(mark)


def test_a_prompt_that_does_not_fit_names_the_lengths(engine: TransformersEngine) -> None:
    with pytest.raises(InputError, match=r"Prompt 1 has 500 tokens.*budget of 24.*524.*context holds 512"):
        engine.generate([Request("ab"), Request("a" * 500)], GREEDY)


def test_a_prompt_longer_than_every_width_is_answered(engine: TransformersEngine) -> None:
    answer = engine.generate([Request("ab" * 100)], Sampling(max_new_tokens=3))[0]
    assert answer.prompt_tokens == 200


def test_an_empty_prompt_and_no_prompt_are_answered(engine: TransformersEngine) -> None:
    assert engine.generate([Request("")], GREEDY)[0].prompt_tokens == 1
    assert engine.generate([], GREEDY) == []


def test_progress_counts_every_request_once(engine: TransformersEngine) -> None:
    told: list[int] = []
    engine.generate(prompts(11), Sampling(max_new_tokens=2), told.append)
    assert sum(told) == 11
    assert len(told) > 2


def test_loaded_weights_answer_and_the_old_ones_come_back(tiny_model_dir: Path) -> None:
    engine = TransformersEngine(tiny_model_dir, rows=4, widths=(64,))
    old = load_file(tiny_model_dir / "model.safetensors")
    before = engine.generate(prompts(), GREEDY)
    assert engine.weights_hash is None
    engine.load({name: tensor.flip(0) for name, tensor in old.items()}, "flipped")
    assert engine.weights_hash == "flipped"
    assert engine.generate(prompts(), GREEDY) != before
    engine.load(old, "old")
    assert engine.generate(prompts(), GREEDY) == before
    engine.close()


def test_swapped_weights_answer_like_a_model_opened_with_them(
    tiny_model_dir: Path, tmp_path: Path, save_tiny_model: Callable[..., Path]
) -> None:
    other = save_tiny_model(tmp_path / "other", seed=9)
    swapped = TransformersEngine(tiny_model_dir, rows=4, widths=(64,))
    swapped.load(load_file(other / "model.safetensors"), "other")
    assert swapped.generate(prompts(), GREEDY) == TransformersEngine(other, rows=4, widths=(64,)).generate(
        prompts(), GREEDY
    )


def test_loglikelihood_is_the_sum_of_the_tokens_logprobs_in_any_company(engine: TransformersEngine) -> None:
    pairs = [
        (f"<usr>{text}<ast>", target) for text in ("ab", "some more") for target in ("x", "abc", "a" * 9, "")
    ]
    found = engine.loglikelihood(pairs)
    assert found == [engine.loglikelihood([pair])[0] for pair in pairs]
    for (context, target), (value, _) in zip(pairs, found, strict=True):
        ids = torch.tensor([engine.prompts.encode(context + target)])
        with torch.inference_mode():
            logs = engine.model(input_ids=ids).logits[0].log_softmax(-1)
        start = len(engine.prompts.encode(context))
        expected = sum(float(logs[place - 1, ids[0, place]]) for place in range(start, ids.shape[1]))
        assert value == pytest.approx(expected, abs=1e-4)


def test_loglikelihood_calls_the_greedy_answer_greedy(engine: TransformersEngine) -> None:
    request = prompts()[3]
    answer = engine.generate([request], Sampling(max_new_tokens=6))[0]
    if engine.prompts.encode(answer.text) != list(answer.tokens):
        pytest.skip("the random model wrote bytes that are no text")
    value, greedy = engine.loglikelihood([(request.prompt, answer.text)])[0]
    assert greedy
    assert value == pytest.approx(sum(answer.logprobs), abs=1e-4)


def test_the_version_names_everything_that_can_change_bits(tiny_model_dir: Path) -> None:
    settings = EngineSettings(rows=8, widths=(32, 64))
    version = open_engine(settings, tiny_model_dir).version
    for part in ("transformers 5", "torch 2", "float32", "rows 8", "widths 32-64", "threads 1"):
        assert part in version


def test_a_directory_without_a_model_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no model"):
        TransformersEngine(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1.0},
        {"top_p": 0.0},
        {"max_new_tokens": 0},
        {"stop": ("",)},
        {"temperature": float("nan")},
    ],
)
def test_impossible_sampling_is_bad_input(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Sampling(**wrong)


def test_bfloat16_answers_have_equal_bits_in_any_company(tiny_model_dir: Path) -> None:
    engine = TransformersEngine(tiny_model_dir, rows=4, widths=(16, 64), dtype="bfloat16")
    together: list[Answer] = engine.generate(prompts(), SAMPLED)
    assert together == [engine.generate([request], SAMPLED)[0] for request in prompts()]
