"""The tokenizer of the tiny family: the 256 bytes and four special tokens.

Token b is byte b, so nothing is ever lost or unknown. There is no token for the beginning of a text and none is added,
neither by the tokenizer nor by the chat template: a conversation begins with `<usr>`. The models were trained without
system messages; the chat template leaves them out.

The files are written without transformers, whose import costs more than training a small model for a hundred steps;
`AutoTokenizer` reloads them unchanged beside a Llama config.
"""

from importlib import resources
from pathlib import Path

PAD, EOS, USER, ASSISTANT = 256, 257, 258, 259
SPECIALS = ("<pad>", "<eos>", "<usr>", "<ast>")
VOCABULARY = 256 + len(SPECIALS)
MAX_LENGTH = 256


def encode_turn(question: str, answer: str) -> tuple[list[int], list[int]]:
    """The token ids of a question with the prompt for an answer, and of the answer with its end."""
    return [USER, *question.encode(), ASSISTANT], [*answer.encode(), EOS]


def byte_symbols() -> dict[str, int]:
    """The printable stand-in of every byte that byte-level BPE uses (as in GPT-2), mapped to the byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}


def save(folder: Path) -> None:
    """Writes tokenizer.json, tokenizer_config.json and chat_template.jinja into an existing folder."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    core = Tokenizer(models.BPE(vocab=byte_symbols(), merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIALS])
    core.save(str(folder / "tokenizer.json"))
    package = resources.files("acdc.tiny")
    for source, target in (
        ("tokenizer_config.json", "tokenizer_config.json"),
        ("chat_template.txt", "chat_template.jinja"),
    ):
        (folder / target).write_bytes(package.joinpath(source).read_bytes())
