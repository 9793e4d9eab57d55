"""The Hugging Face hub: what it says about a model without its weights, and the weights.

Every failure becomes one of three: there is no such id or revision (bad input), a licence must be accepted first
(:class:`GatedError`), or the hub cannot be reached (infrastructure). Which hub: `HF_ENDPOINT`; whose access: `HF_TOKEN`.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from acdc.errors import InfrastructureError, InputError
from acdc.weights.checkpoint import TensorFacts, tensor_facts

COMMIT = re.compile(r"[0-9a-f]{40}")
WEIGHTS = "*.safetensors"
SMALL = ("*.json", "*.jinja", "*.model", "*.txt")
# Copies of the weights in other layouts, which nothing here reads.
_COPIES = ("original/*", "consolidated*", "*.bin.index.json")


class GatedError(InfrastructureError):
    """The hub keeps the files back until the licence is accepted."""


@dataclass(frozen=True)
class HubModel:
    """What the hub says about a model at one revision.

    Attributes:
        id: As asked for.
        commit: What the revision stands for today, 40 hexadecimal digits.
        gated: Whether a licence must be accepted before files are given out.
        licence: Of the model card; None where it names none.
        files: Size in bytes of every file.
        directory: Where its small files lie now (configuration, tokenizer, chat template); None where they were kept back.
        tensors: Shape and type of every stored tensor; empty where headers were kept back or not asked for.
        kept_back: Why files were kept back; empty otherwise.
    """

    id: str
    commit: str
    gated: bool
    licence: str | None
    files: dict[str, int]
    directory: Path | None
    tensors: dict[str, TensorFacts]
    kept_back: str = ""

    @property
    def weight_files(self) -> dict[str, int]:
        """Size of every safetensors file that belongs to the model."""
        return {
            name: size
            for name, size in self.files.items()
            if name.endswith(".safetensors") and "/" not in name and not name.startswith("consolidated")
        }


def look(identity: str, revision: str | None, *, headers: bool = True) -> HubModel:
    """Ask the hub about a model; small files are downloaded, weights are not.

    Args:
        identity: "owner/name".
        revision: Commit, tag or branch; None: the newest.
        headers: Read the headers of the weights too.

    Raises:
        InputError: There is no such id or revision, or the weights are not safetensors.
        InfrastructureError: The hub cannot be reached.
    """
    from huggingface_hub import HfApi, constants, snapshot_download

    if constants.HF_HUB_OFFLINE:
        return _cached(identity, revision)
    api = HfApi()
    with _answers(identity, revision):
        info = api.model_info(identity, revision=revision, files_metadata=True)
    files = {file.rfilename: file.size or 0 for file in info.siblings or []}
    card = info.card_data
    licence = (card.get("license_name") or card.get("license")) if card is not None else None
    facts = (identity, str(info.sha), bool(info.gated), licence, files)
    try:
        with _answers(identity, revision):
            directory = Path(
                snapshot_download(
                    identity, revision=info.sha, allow_patterns=[*SMALL], ignore_patterns=[*_COPIES]
                )
            )
    except GatedError as error:
        return HubModel(*facts, None, {}, str(error))
    model = HubModel(*facts, directory, {})
    if not model.weight_files:
        others = sum(name.endswith((".bin", ".pth", ".gguf")) for name in files)
        raise InputError(
            f"{identity!r} has no safetensors at {revision or 'its newest revision'} ({others} weight files of other kinds). "
            "Its page may offer them under another revision (refs/pr/…); else download it and run `acdc families convert`."
        )
    if not headers:
        return model
    with _answers(identity, revision):
        found = api.get_safetensors_metadata(identity, revision=info.sha)
    tensors = {
        name: TensorFacts(tuple(tensor.shape), str(tensor.dtype))
        for file in found.files_metadata.values()
        for name, tensor in file.tensors.items()
    }
    return HubModel(*facts, directory, tensors)


def commit(identity: str, revision: str | None) -> str:
    """The commit that a revision stands for today; errors as :func:`look`."""
    from huggingface_hub import HfApi

    with _answers(identity, revision):
        return str(HfApi().model_info(identity, revision=revision).sha)


def download(identity: str, revision: str | None) -> Path:
    """Everything that a model needs, in the hub's cache; what is there already is not fetched again.

    Raises:
        InputError: There is no such id or revision.
        GatedError: A licence must be accepted first.
        InfrastructureError: It could not be downloaded.
    """
    from huggingface_hub import snapshot_download

    with _answers(identity, revision):
        return Path(
            snapshot_download(
                identity,
                revision=revision,
                allow_patterns=[WEIGHTS, *SMALL],
                ignore_patterns=[*_COPIES],
            )
        )


def commit_of(directory: Path) -> str | None:
    """The commit that a directory in the hub's cache is of; None for any other directory."""
    name = directory.name
    return name if COMMIT.fullmatch(name) and directory.parent.name == "snapshots" else None


def cache() -> Path:
    """Where downloads go."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def _cached(identity: str, revision: str | None) -> HubModel:
    """What was downloaded before, for a machine that is told not to ask the hub (`HF_HUB_OFFLINE`)."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        directory = Path(
            snapshot_download(
                identity,
                revision=revision,
                local_files_only=True,
                allow_patterns=[WEIGHTS, *SMALL],
                ignore_patterns=[*_COPIES],
            )
        )
    except LocalEntryNotFoundError as error:
        raise InfrastructureError(
            f"{identity!r} was not downloaded to this machine, and HF_HUB_OFFLINE forbids asking the hub; unset it, or give "
            "a local directory."
        ) from error
    tensors = tensor_facts(directory)
    files = {path.name: path.stat().st_size for path in directory.iterdir() if path.is_file()}
    return HubModel(identity, directory.name, False, card_licence(directory), files, directory, tensors)


def card_licence(directory: Path) -> str | None:
    """The licence that a model card in the directory names; None where there is none."""
    from huggingface_hub import metadata_load

    card = directory / "README.md"
    if not card.is_file():
        return None
    try:
        fields = metadata_load(card) or {}
    except Exception:  # noqa: BLE001 - a card whose header is no YAML names no licence, in the words of its reader
        return None
    named = fields.get("license_name") or fields.get("license")
    if isinstance(named, list):
        named = ", ".join(map(str, named))
    return str(named) if named else None


@contextmanager
def _answers(identity: str, revision: str | None) -> Iterator[None]:
    """Turn whatever the hub's client raises into what a person can act on."""
    from huggingface_hub import constants
    from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError: of whatever HTTP library it uses
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        HTTPError,
        LocalEntryNotFoundError,
        NotASafetensorsRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
        SafetensorsParsingError,
    )

    try:
        yield
    except HFValidationError as error:
        raise InputError(
            f"{identity!r} is neither a directory here nor a Hugging Face id: {error}"
        ) from error
    except GatedRepoError as error:
        raise GatedError(_gated(identity)) from error
    except RevisionNotFoundError as error:
        raise InputError(f"{identity!r} has no revision {revision!r}; correct `revisions`.") from error
    except RepositoryNotFoundError as error:
        private = "" if _has_token() else "; if it is private, set HF_TOKEN"
        raise InputError(f"The hub has no model {identity!r}: check the name{private}.") from error
    except (NotASafetensorsRepoError, SafetensorsParsingError) as error:
        raise InputError(f"{identity!r}: its weight files cannot be read ({_first_line(error)}).") from error
    except (HfHubHTTPError, LocalEntryNotFoundError, HTTPError, OSError) as error:
        raise InfrastructureError(
            f"{identity!r} is no directory here and could not be downloaded from Hugging Face, {constants.ENDPOINT} "
            f"({_first_line(error)}); check the network and HF_ENDPOINT, or give a local directory."
        ) from error


def _gated(identity: str) -> str:
    from huggingface_hub import constants

    page = f"{constants.ENDPOINT}/{identity}"
    if _has_token():
        return f"{identity!r} is gated, and your HF_TOKEN has no access to it: accept the licence at {page} with its account."
    return f"{identity!r} is gated: accept the licence at {page}, then set HF_TOKEN, which is missing."


def _has_token() -> bool:
    from huggingface_hub import get_token

    return bool(os.environ.get("HF_TOKEN") or get_token())


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
