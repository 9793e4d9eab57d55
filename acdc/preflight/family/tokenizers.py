"""Do the parts speak one language? Tokens and their ids, chat template, stop tokens."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from acdc.errors import InputError
from acdc.families.family import FamilySettings
from acdc.preflight.family.finding import Finding
from acdc.preflight.family.part import Part
from acdc.weights.checkpoint import has_chat_template, has_tokenizer

_SHOWN = 3


class Tokens(NamedTuple):
    """A vocabulary: id of every token, and which tokens were added to the trained ones."""

    ids: dict[str, int]
    added: frozenset[str]


def read_tokens(directory: Path) -> Tokens | None:
    """The vocabulary of tokenizer.json, or of vocab.json beside added_tokens.json; None where there is neither."""
    whole = directory / "tokenizer.json"
    if whole.is_file():
        from tokenizers import Tokenizer

        _json(whole)  # the library's own error names no file and has no type of its own
        tokenizer = Tokenizer.from_file(str(whole))
        added = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
        return Tokens(tokenizer.get_vocab(with_added_tokens=True), frozenset(added))
    trained = directory / "vocab.json"
    if not trained.is_file():
        return None
    ids: dict[str, int] = _json(trained)
    more = directory / "added_tokens.json"
    added_ids: dict[str, int] = _json(more) if more.is_file() else {}
    return Tokens({**ids, **added_ids}, frozenset(added_ids))


def text_checks(members: Mapping[str, Part], general: str, settings: FamilySettings) -> list[Finding]:
    """Compare tokenizers, and look at what the general seed provides for the family.

    Args:
        members: Base and seeds by role, those that could be looked at.
        general: Role of the seed whose tokenizer and chat template all use.
        settings: The family's entry.
    """
    part = members.get(general)
    if part is None or part.directory is None:
        return [Finding("note", "tokenizer", "not looked at: the general seed's files were kept back")]
    if not has_tokenizer(part.directory):
        return [Finding("error", "tokenizer", "none: its tokenizer is to serve the family", general)]
    findings = _template(part.directory, general, settings)
    tokens = read_tokens(part.directory)
    if tokens is None:
        said = "no tokenizer.json or vocab.json: which ids mean what cannot be compared"
        return [*findings, Finding("warning", "tokens", said, general)]
    findings += _ids_within_rows(tokens, part)
    findings += _stop_tokens(tokens, settings.stop_tokens, part.directory)
    for role, other in members.items():
        if role != general and other.directory is not None:
            findings += _same_tokens(role, read_tokens(other.directory), tokens)
    return findings


def _template(directory: Path, general: str, settings: FamilySettings) -> list[Finding]:
    if not has_chat_template(directory):
        said = (
            "none: take an instruction-tuned general seed, or put a chat_template.jinja beside its tokenizer"
        )
        return [Finding("error", "chat template", said, general)]
    text = _template_text(directory)
    unknown = [name for name in settings.chat_template_args if name not in text]
    if unknown:
        said = f"chat_template_args names {unknown[0]!r}, which the template never reads"
        return [Finding("warning", "chat template", said, general)]
    used = f", with {', '.join(settings.chat_template_args)}" if settings.chat_template_args else ""
    return [Finding("ok", "chat template", f"of the general seed{used}")]


def _template_text(directory: Path) -> str:
    alone = directory / "chat_template.jinja"
    if alone.is_file():
        return alone.read_text(encoding="utf-8")
    names = ("chat_template.json", "tokenizer_config.json")
    return "".join(
        (directory / name).read_text(encoding="utf-8") for name in names if (directory / name).is_file()
    )


def _ids_within_rows(tokens: Tokens, part: Part) -> list[Finding]:
    beyond = sorted(
        (id, token) for token, id in tokens.ids.items() if part.rows is not None and id >= part.rows
    )
    if not beyond:
        return []
    said = f"{len(beyond)} tokens have no row in its embedding ({beyond[0][1]!r} is {beyond[0][0]}, rows end at {part.rows})"
    return [Finding("error", "tokens", said, part.role)]


def _stop_tokens(tokens: Tokens, stop: Sequence[str], directory: Path) -> list[Finding]:
    missing = [token for token in stop if token not in tokens.ids]
    if missing:
        return [Finding("error", "stop tokens", f"{missing[0]!r} is no token of the general seed")]
    named = _named_ends(directory)
    if not named and not stop:
        said = "neither its files nor `stop_tokens` name any: answers would always use up their budget"
        return [Finding("error", "stop tokens", said)]
    by_id = {id: token for token, id in tokens.ids.items()}
    found = sorted({*stop, *(by_id.get(id, str(id)) for id in named)})
    return [Finding("ok", "stop tokens", ", ".join(found))]


def _named_ends(directory: Path) -> set[int]:
    """Ids that generation_config.json and config.json name as ends."""
    found: set[int] = set()
    for name in ("generation_config.json", "config.json"):
        path = directory / name
        ids = _json(path).get("eos_token_id") if path.is_file() else None
        found.update([] if ids is None else [ids] if isinstance(ids, int) else ids)
    return found


def _same_tokens(role: str, mine: Tokens | None, general: Tokens) -> list[Finding]:
    """Tokens that mean another row here than in the general seed."""
    if mine is None:
        return [Finding("note", "tokens", "no tokenizer to compare; the general seed's is used", role)]
    theirs = {id: token for token, id in general.ids.items()}
    moved = [(id, token) for token, id in mine.ids.items() if theirs.get(id, token) != token]
    trained = [
        (id, token) for id, token in moved if token not in mine.added and theirs[id] not in general.added
    ]
    if trained:
        said = (
            f"{len(trained)} rows stand for other tokens than in the general seed ({_shown(trained, theirs)}): merging "
            "would mix unlike rows; take a seed of the same tokenizer"
        )
        return [Finding("error", "tokens", said, role)]
    findings = []
    if moved:
        said = f"{len(moved)} added tokens are others in the general seed ({_shown(moved, theirs)}): their rows are mixed"
        findings.append(Finding("warning", "tokens", said, role))
    for who, extra in (
        ("it", set(mine.ids) - set(general.ids)),
        ("the general seed", set(general.ids) - set(mine.ids)),
    ):
        extra -= {token for id, token in moved} | {theirs[id] for id, _ in moved}
        if extra:
            findings.append(
                Finding(
                    "note",
                    "tokens",
                    f"only {who} knows {_listed(extra)}; the general seed's tokenizer is used",
                    role,
                )
            )
    return findings or [Finding("ok", "tokens", "the general seed's, every id", role)]


def _shown(moved: Collection[tuple[int, str]], theirs: Mapping[int, str]) -> str:
    first = [f"{id}: {token!r}, there {theirs[id]!r}" for id, token in sorted(moved)[:_SHOWN]]
    return "; ".join(first)


def _listed(tokens: Collection[str]) -> str:
    more = f" and {len(tokens) - _SHOWN} more" if len(tokens) > _SHOWN else ""
    return ", ".join(map(repr, sorted(tokens)[:_SHOWN])) + more


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise InputError(f"{path} can't be read ({error}); copy or download the model again.") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} holds no JSON object; copy or download the model again.")
    return value
