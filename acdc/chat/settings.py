"""Settings of an endpoint, of the scientist behind one, and of the judges."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from acdc.parsing.section import Section

Count = Annotated[int, Field(ge=1)]
Price = Annotated[float, Field(ge=0)]


def _has_a_place(instruction: str) -> str:
    if "{text}" not in instruction:
        raise ValueError("must contain {text}; the text is inserted there")
    return instruction


Instruction = Annotated[str, AfterValidator(_has_a_place)]
"""The form in which an embedding model wants a text."""


def _check_address(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise ValueError("base_url must begin with http:// or https://")
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named or any(one.isspace() for one in url):
        raise ValueError("base_url must name a host, as in http://localhost:8000/v1")
    if parts.username or parts.password or parts.query:
        # Messages name the address, and params.yaml is often published.
        raise ValueError(
            "base_url must not contain a user, a password or a query; key_env names the variable that holds the key"
        )


class EndpointSettings(Section):
    """An OpenAI-compatible endpoint and how it is asked.

    Attributes:
        base_url: Up to and with the version: http://localhost:8000/v1.
        model: As the endpoint names it.
        key_env: Environment variable that holds the key; endpoints that want none need none.
        max_tokens: Most tokens of a reply.
        structured: Ask for JSON where a reply is to be JSON, by a schema where there is one; what an endpoint refuses is left out.
        concurrency: Calls (and sockets) at a time.
        timeout: Seconds from the start of a call to the end of its reply.
        retries: Further attempts after an outage (no connection, 408, 409, 429, 5xx, timeout).
        backoff: Seconds before the first further attempt; doubled for each next one.
        reply_mb: Megabytes of a reply as it comes; what is larger counts as an outage. A reply of 2000 tokens has some 0.01.
        max_wait: Seconds; a longer Retry-After ends the run, to be taken up later, and backoff does not grow beyond.
        budget_tokens: Tokens of prompts and replies in one run; None for no limit.
        budget_money: The same in the currency of the prices.
        price_in, price_out: For a million tokens of prompt and of reply.
    """

    base_url: str = ""
    model: str = ""
    key_env: str = "OPENAI_API_KEY"
    max_tokens: Count = 2000
    structured: bool = True
    concurrency: Count = 16
    timeout: float = Field(default=300.0, gt=0)
    reply_mb: float = Field(default=4.0, gt=0)
    retries: int = Field(default=6, ge=0)
    backoff: float = Field(default=1.0, gt=0)
    max_wait: float = Field(default=120.0, gt=0)
    budget_tokens: Count | None = None
    budget_money: float | None = Field(default=None, gt=0)
    price_in: Price = 0.0
    price_out: Price = 0.0

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self._answered_elsewhere() and not (self.base_url and self.model):
            raise ValueError("base_url and model must be given")
        if self.base_url:
            _check_address(self.base_url)
        if self.budget_money is not None and not (self.price_in or self.price_out):
            raise ValueError("budget_money needs price_in and price_out")
        return self

    def _answered_elsewhere(self) -> bool:
        return False

    def identity(self) -> dict[str, object]:
        """What can change a reply: the settings hash and the head of a transcript hold these, and no address."""
        return self.model_dump(mode="json", include={"model", "max_tokens", "structured"})


class LLMScientistSettings(EndpointSettings):
    """A language model as the scientist; defaults are the published sampling.

    Attributes:
        kind: llm.
        temperature, top_p: Of every call but judgements, which are greedy.
        seed_tasks: A folder with seed tasks of one's own; None for the project's.
        replay: A transcript (JSON lines) that answers in place of the endpoint. What it was made with holds, unless said otherwise.
    """

    kind: Literal["llm"] = "llm"
    temperature: float = Field(default=0.7, ge=0, le=2)
    top_p: float = Field(default=0.95, gt=0, le=1)
    seed_tasks: Path | None = None
    replay: Path | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_a_transcript(cls, value: Any) -> Any:
        """A transcript is laid over settings that may name another kind of scientist: its own counts."""
        if isinstance(value, dict) and value.get("replay") is not None:
            return {**value, "kind": "llm"}
        return value

    def _answered_elsewhere(self) -> bool:
        return self.replay is not None

    def identity(self) -> dict[str, object]:
        """What can change a reply."""
        return {
            **super().identity(),
            **self.model_dump(mode="json", include={"kind", "temperature", "top_p"}),
        }


class JudgeSettings(EndpointSettings):
    """A language model that judges, always at temperature 0."""

    max_tokens: Count = 1000

    def identity(self) -> dict[str, object]:
        """What can change a verdict; nothing that a judge says is JSON."""
        return self.model_dump(mode="json", include={"model", "max_tokens"})


class EmbeddingEndpointSettings(EndpointSettings):
    r"""A model behind an OpenAI-compatible endpoint (``/embeddings``) that turns the text of a task into a vector.

    Attributes:
        kind: openai.
        instruction: The form in which the model wants a text, with ``{text}`` in its place. For e5-mistral-7b-instruct:
            "Instruct: Retrieve tasks that measure the same capability\nQuery: {text}".
    """

    kind: Literal["openai"] = "openai"
    instruction: Instruction = "{text}"

    def identity(self) -> dict[str, object]:
        """What can change a vector."""
        return self.model_dump(mode="json", include={"kind", "model", "instruction"})


class JudgesSettings(Section):
    """Who judges what a language model judges.

    Attributes:
        gibberish: Reads outputs of individuals, with ``evolution.gibberish.kind: llm``.
        answers: Judges free answers to tasks whose ``score`` asks for it; without it such a task is rejected.
            ``acdc judge-audit`` measures how often it is fooled.
    """

    gibberish: JudgeSettings | None = None
    answers: JudgeSettings | None = None
