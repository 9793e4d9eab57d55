"""Fixtures that several parts share. OpenMP must be told its threads before torch is imported (two on busy cores spin)."""

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CHAT_TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'system' %}<sys>{% elif m['role'] == 'user' %}<usr>{% else %}<ast>{% endif %}"
    "{{ m['content'] }}{% if m['role'] == 'assistant' %}<eos>{% endif %}{% endfor %}{% if add_generation_prompt %}<ast>{% endif %}"
)


def _save_tokenizer(directory: Path) -> None:
    """A byte-level tokenizer without merges: 256 bytes and five special tokens, 261 ids; it loses nothing."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    specials = ["<pad>", "<eos>", "<usr>", "<ast>", "<sys>"]
    vocabulary = {token: index for index, token in enumerate([*specials, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        additional_special_tokens=specials[2:],
    )
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(directory)


def _save_tiny_model(directory: Path, seed: int = 0, architecture: str = "llama", **changes: object) -> Path:
    """A model directory with random weights and the byte-level tokenizer.

    The weights are drawn wide enough that greedy answers differ between prompts and some of them end.
    """
    import torch
    import transformers

    settings: dict[str, object] = {
        "vocab_size": 261,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 512,
        "initializer_range": 0.2,
        "bos_token_id": None,
        "eos_token_id": 1,
        "pad_token_id": 0,
        "tie_word_embeddings": True,
        **changes,
    }
    kinds = {
        "llama": "LlamaConfig",
        "qwen2": "Qwen2Config",
        "qwen3": "Qwen3Config",
        "gpt_neox": "GPTNeoXConfig",
        "gpt2": "GPT2Config",
    }
    if architecture == "gpt2":
        names = {"n_embd": "hidden_size", "n_layer": "num_hidden_layers", "n_head": "num_attention_heads"}
        settings |= {new: settings[old] for new, old in names.items()} | {"n_positions": 512}
    if architecture.startswith("qwen"):
        settings = {"num_key_value_heads": 2, **settings}
    if architecture == "qwen3":
        settings = {"head_dim": 8, **settings}
    torch.manual_seed(seed)
    config = getattr(transformers, kinds[architecture])(**settings)
    model = transformers.AutoModelForCausalLM.from_config(config)
    model.save_pretrained(directory)
    _save_tokenizer(directory)
    return directory


@pytest.fixture(scope="session")
def save_tiny_model() -> Callable[..., Path]:
    """Writes random model directories: (directory, seed=0, architecture="llama" | "qwen2" | "qwen3" | "gpt_neox" | "gpt2",
    **configuration)."""
    return _save_tiny_model


@pytest.fixture(scope="session")
def save_tokenizer() -> Callable[[Path], None]:
    """Writes the byte-level tokenizer with its chat template."""
    return _save_tokenizer


@pytest.fixture(scope="session")
def tiny_model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 2-layer, 32-wide tied Llama with random weights and a byte-level tokenizer with a chat template."""
    return _save_tiny_model(tmp_path_factory.mktemp("tiny") / "llama")


@pytest.fixture(scope="module")
def ray_cluster() -> Iterator[None]:
    """A real local Ray cluster of two CPUs, to which this process is connected; it takes seconds and memory, so one a module."""
    ray = pytest.importorskip("ray", reason="the extra ray is not installed")
    from acdc.config.evolution import ExecutorSettings
    from acdc.executors import cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("acdc.processes.machine.usable_cores", lambda: 2)
        connected = cluster.connect(ExecutorSettings(kind="ray"))
    yield
    connected.close()
    assert not ray.is_initialized()
