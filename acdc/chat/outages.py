"""What an endpoint's failure means: try again, ask in other words, give up with a sentence for a person, or count as a reply."""

import email.utils
import time
from collections.abc import Mapping
from typing import Any

from acdc.chat.call import Call, Reply
from acdc.chat.connection import without_key
from acdc.chat.settings import EmbeddingEndpointSettings, EndpointSettings
from acdc.errors import InfrastructureError

SCHEMA = "json_schema"
_AGAIN = (408, 409, 425, 429)
_TOO_LONG = ("context_length", "context length", "too many tokens", "prompt is too long")


class Outage(InfrastructureError):  # noqa: N818 - says what is the case
    """The endpoint did not answer in spite of further attempts; another time it may."""


class BudgetSpent(InfrastructureError):  # noqa: N818 - says what is the case
    """The next call could exceed the budget."""


def is_outage(error: Exception) -> bool:
    """Whether the same call may succeed later."""
    import openai

    if isinstance(error, openai.APIStatusError):
        if _code(error) == "insufficient_quota":
            return False
        return error.status_code in _AGAIN or error.status_code >= 500
    # ValueError: a body that is no JSON or no completion, from something between us and the model.
    return isinstance(
        error, openai.APIConnectionError | openai.APIResponseValidationError | TimeoutError | ValueError
    )


def retry_after(error: Exception) -> float | None:
    """Seconds that the endpoint asks to wait, from ``retry-after-ms`` or ``Retry-After`` (seconds or a date); None if it does not say."""
    headers: Mapping[str, str] = getattr(getattr(error, "response", None), "headers", {})
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        text = headers.get(name, "").strip()
        try:
            return max(0.0, float(text) / unit)
        except ValueError:
            date = email.utils.parsedate_tz(text) if text else None
            if date is not None:
                return max(0.0, email.utils.mktime_tz(date) - time.time())
    return None


def refused_field(error: Exception, body: Mapping[str, Any]) -> str | None:
    """The optional part of a request that the endpoint does not know: it is asked again without (or under its other name).

    Of a reply by a schema first the schema goes, then that it is to be JSON.
    """
    import openai

    if isinstance(error, openai.APIStatusError) and error.status_code in (400, 422):
        text = _line(_words(error))
        for name in ("response_format", "max_tokens", "seed"):
            if name in body and name in text and (name != "max_tokens" or "max_completion_tokens" in text):
                return SCHEMA if _of_schema(body) and name == "response_format" else name
        if _of_schema(body) and any(word in text.lower() for word in ("schema", "grammar")):
            return SCHEMA
    return None


def _of_schema(body: Mapping[str, Any]) -> bool:
    return "response_format" in body and body["response_format"]["type"] == SCHEMA


def as_reply(error: Exception, call: Call) -> Reply | None:
    """A failure that belongs to the call alone and will always come back: a prompt that the model cannot take."""
    import openai

    if isinstance(error, openai.APIStatusError) and error.status_code in (400, 413, 422):
        text = _line(_words(error)).lower()
        if error.status_code == 413 or any(sign in text for sign in _TOO_LONG):
            return Reply("", call.model, 0, 0, "too-long")
    return None


def shown(words: str, settings: EndpointSettings) -> str:
    """Words of a stranger for a person. Some repeat the key: it goes before the rest is cut, or a part of it would stay."""
    return _line(without_key(words, settings))


def fatal(error: Exception, settings: EndpointSettings, attempts: int = 1) -> InfrastructureError:
    """The failure as a sentence that says what to do."""
    import openai

    where, said = f"the endpoint {settings.base_url}", shown(_words(error), settings)
    tried = f" after {attempts} attempts" if attempts > 1 else ""
    if isinstance(error, openai.APIStatusError):
        status = error.status_code
        kind = "embedding model" if isinstance(settings, EmbeddingEndpointSettings) else "model"
        if status in (401, 403):
            return InfrastructureError(
                f"{where} refuses the key ({status}): set the environment variable {settings.key_env} to a valid one. It said: {said}"
            )
        if status == 404:
            return InfrastructureError(
                f"{where} has no {kind} {settings.model}, or is no OpenAI-compatible endpoint (404): check base_url (it usually ends "
                f"with /v1) and model. It said: {said}"
            )
        if 300 <= status < 400:
            target = shown(error.response.headers.get("location", "nowhere"), settings)
            return InfrastructureError(
                f"{where} redirects to {target} ({status}). The key is sent only to the address in your settings: "
                "set base_url to the endpoint's final address"
            )
        if _code(error) == "insufficient_quota":
            return InfrastructureError(
                f"{where}: the account has no credit left. It said: {said}. Fix that and run again"
            )
        if is_outage(error):
            return Outage(
                f"{where} answered with {status}{tried}: {said}. "
                "Everything that came is kept: the same command goes on"
            )
        return InfrastructureError(
            f"{where} does not accept the request ({status}): {said}. Check the settings"
        )
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return Outage(
            f"{where} did not finish a reply within timeout = {settings.timeout:g} s{tried}. "
            "Everything that came is kept: the same command goes on; raise `timeout` if replies take longer"
        )
    if isinstance(error, openai.APIConnectionError):
        return Outage(
            f"{where} cannot be reached{tried} ({said}): is base_url right, and is it up? "
            "Everything that came is kept: the same command goes on"
        )
    return Outage(
        f"{where} answered with something that is no reply of a model ({said}){tried}: is base_url right? "
        "Everything that came is kept: the same command goes on"
    )


def _code(error: Any) -> str:
    return str(error.code or "")


def _words(error: Exception) -> str:
    """What the endpoint says, or what stands between us and it."""
    import openai

    if isinstance(error, openai.APIStatusError):
        body: Any = error.body
        if isinstance(body, dict):
            body = body.get("message") or body.get("detail") or body
        return str(body or error.message)
    if isinstance(error, openai.APIConnectionError):
        return str(error.__cause__ or error) or type(error.__cause__ or error).__name__
    return str(error)


def _line(words: str) -> str:
    """Words of a stranger on one line, and not too many."""
    return " ".join(words.split())[:300]
