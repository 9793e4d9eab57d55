"""The roles of a run that a model behind an endpoint, or a transcript, fills: scientist, judges, embedder.

They share the run's transcript. With ``scientist.replay`` all of them are answered from one file, and what the settings leave open
(model, sampling, who judged) is taken from its first line.
"""

from collections.abc import Container
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel

from acdc.chat.client import Chat, Note
from acdc.chat.embeddings import EmbeddingChat
from acdc.chat.settings import (
    EmbeddingEndpointSettings,
    EndpointSettings,
    JudgeSettings,
    LLMScientistSettings,
)
from acdc.chat.transcript import Replay, Transcript, made_with
from acdc.config.config import Config
from acdc.config.evolution import EvolutionSettings
from acdc.errors import InputError
from acdc.judging.gibberish import GibberishSettings
from acdc.judging.judge import Judge
from acdc.judging.llm_gibberish import LLMGibberishJudge
from acdc.numbers.margins import Margins
from acdc.parsing.validation import validate
from acdc.tasks.embedders import require_embedder
from acdc.tasks.novelty import Embedder
from acdc.tasks.plugins import Endpoint, open_embedder, open_scientist
from acdc.tasks.scientist import Scientist
from acdc.tasks.seeds import seed_drafts

JUDGES = {
    "gibberish": "it judges outputs on tasks that it wrote itself",
    "answers": "it judges answers by criteria that it wrote itself, its own solutions included",
}
ROLES = ("scientist", *JUDGES, "embedder")
_CHATS: dict[str, type[Chat]] = {"embedder": EmbeddingChat}
_NO_ADDRESS = "http://transcript.invalid/v1"  # a name that never resolves (RFC 6761)


class Endpoints:
    """Opens what the settings name, and closes it.

    Args:
        config: Who writes and who judges.
        settings: The run's settings, which say whether a language model judges.
        roles: Only these are opened.

    Raises:
        InputError: A judge is not named, or the transcript to replay is missing or damaged.
    """

    def __init__(self, config: Config, settings: EvolutionSettings, roles: Container[str] = ROLES) -> None:
        self._endpoints = endpoints(config, settings, roles)
        replay = _replayed(config, settings)
        self._replay = Replay(replay) if replay is not None and self._endpoints else None
        self._chats = {
            role: _CHATS.get(role, Chat)(role, endpoint, replay=self._replay)
            for role, endpoint in self._endpoints.items()
        }
        self._open = ExitStack()
        for chat in self._chats.values():
            self._open.callback(chat.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._open.close()

    def scientist(self, settings: BaseModel, reflections: int) -> Scientist:
        """The scientist, behind an endpoint or not."""
        endpoint = Endpoint(self._chats.get("scientist"), reflections, "answers" in self._endpoints)
        return open_scientist(self._endpoints.get("scientist", settings), endpoint)

    def gibberish_judge(self, settings: GibberishSettings, margins: Margins) -> LLMGibberishJudge:
        """The judge of outputs."""
        return LLMGibberishJudge(self._chats["gibberish"], settings, margins)

    def answer_judge(self) -> Judge | None:
        """The judge of free answers; None where none is named."""
        return Judge(self._chats["answers"]) if "answers" in self._chats else None

    def embedder(self, config: Config) -> Embedder:
        """The embedder, behind an endpoint or not."""
        settings = self._endpoints.get("embedder", config.embedder)
        return open_embedder(settings, Endpoint(self._chats.get("embedder")))

    def keep_in(self, directory: Path, note: Note = lambda kind, **detail: None) -> None:
        """Keep every call in the run's directory from now on; nothing is written where no role is a language model."""
        if self._chats:
            transcript = Transcript(
                directory, {role: one.identity() for role, one in self._endpoints.items()}
            )
            self._open.callback(transcript.close)
            for chat in self._chats.values():
                chat.keep_in(transcript, note)


def endpoints(
    config: Config, settings: EvolutionSettings, roles: Container[str] = ROLES
) -> dict[str, EndpointSettings]:
    """The endpoints that a run asks, by role, complete; only these roles.

    Raises:
        InputError: A judge is not named, or the transcript to replay cannot be read.
    """
    found: dict[str, EndpointSettings] = {}
    replay = _replayed(config, settings)
    made: dict[str, Any] = {} if replay is None else made_with(replay)
    scientist = config.scientist_of(settings)
    if isinstance(scientist, LLMScientistSettings):
        given = scientist.model_dump(exclude_unset=True)
        whole = {**made.get("scientist", {}), **given}
        found["scientist"] = validate(LLMScientistSettings, whole, _head(replay, "scientist"))
        if not found["scientist"].model:
            raise InputError(f"{replay}: the transcript does not name the scientist's model")
    wanted = settings.gibberish.enabled and settings.gibberish.kind == "llm"
    judges = {"gibberish": config.judges.gibberish if wanted else None, "answers": config.judges.answers}
    for role, judge in judges.items():
        if judge is not None:
            found[role] = judge
        elif role in made and (wanted or role == "answers"):
            whole = {**made[role], "base_url": _NO_ADDRESS}
            found[role] = validate(JudgeSettings, whole, _head(replay, role))
    if isinstance(config.embedder, EmbeddingEndpointSettings):
        found["embedder"] = config.embedder
    elif "embedder" in made:
        whole = {**made["embedder"], "base_url": _NO_ADDRESS}
        found["embedder"] = validate(EmbeddingEndpointSettings, whole, _head(replay, "embedder"))
    if wanted and "gibberish" not in found:
        raise InputError(
            "judges.gibberish: evolution.gibberish.kind is llm, but no model is named; set base_url and model"
        )
    return {role: one for role, one in found.items() if role in roles}


def _head(replay: Path | None, role: str) -> str:
    """Where settings stand that a transcript's first line names; the section's own name without one."""
    return role if replay is None else f"{replay}, made_with.{role}"


def require_endpoints(
    config: Config, settings: EvolutionSettings, roles: Container[str] = ROLES
) -> list[str]:
    """Check every endpoint that a run would ask, before it writes anything.

    Args:
        config: Who writes and who judges.
        settings: The run's settings.
        roles: Only these will be asked.

    Returns:
        Warnings for a person.

    Raises:
        InputError: A judge is not named, or the transcript to replay is missing or damaged.
        InfrastructureError: A key, an address or a model is wrong; the message says which.
    """
    if "embedder" in roles:
        require_embedder(config.embedder)
    found = endpoints(config, settings, roles)
    replay = _replayed(config, settings)
    scientist = found.get("scientist")
    if isinstance(scientist, LLMScientistSettings) and scientist.seed_tasks is not None:
        seed_drafts(scientist.seed_tasks)
    if replay is not None:
        Replay(replay)
        return []
    if found:
        from acdc.chat.preflight import require_served

        asked = {
            (one.base_url, one.model, one.key_env, isinstance(one, EmbeddingEndpointSettings)): one
            for one in found.values()
        }
        for one in asked.values():
            require_served(one)
    same = [name for name in JUDGES if scientist and name in found and found[name].model == scientist.model]
    return [f"scientist and judge of {name} are one model: {JUDGES[name]}" for name in same]


def _replayed(config: Config, settings: EvolutionSettings) -> Path | None:
    scientist = config.scientist_of(settings)
    return scientist.replay if isinstance(scientist, LLMScientistSettings) else None
