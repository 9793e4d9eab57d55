"""Is the endpoint there, does it take the key, does it serve the model? Asked before a run writes anything."""

import asyncio
from typing import TYPE_CHECKING

from acdc.chat.completion import reply_of
from acdc.chat.connection import open_client
from acdc.chat.embeddings import embedding_of
from acdc.chat.outages import fatal, is_outage, shown
from acdc.chat.settings import EmbeddingEndpointSettings, EndpointSettings
from acdc.errors import InfrastructureError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_SECONDS = 20.0  # for a list of models; a reply may take as long as any reply


def require_served(settings: EndpointSettings) -> None:
    """Check an endpoint: its list of models, and where that is missing or lacks the model, one short reply; of an
    embedder, one embedding.

    Raises:
        InfrastructureError: With what to fix: key, address or model.
    """
    asyncio.run(_served(settings))


async def _served(settings: EndpointSettings) -> None:
    import openai

    async with open_client(settings) as client:
        listed: list[str] = []
        try:
            seconds = min(_SECONDS, settings.timeout)
            page = await asyncio.wait_for(client.with_options(max_retries=1).models.list(), seconds)
            listed = [str(one.id) for one in page.data]
        except openai.APIStatusError as error:
            # Servers without a list say so in many ways (`transformers serve` with 500): the short reply decides.
            if error.status_code in (401, 403) or error.status_code < 400:
                raise fatal(error, settings) from None
        except (
            openai.OpenAIError,
            TimeoutError,
            ValueError,
            AttributeError,
            TypeError,
            RecursionError,
        ) as error:
            raise fatal(error, settings) from None
        if settings.model in listed and not isinstance(settings, EmbeddingEndpointSettings):
            return  # a list does not tell models that chat from models that embed
        try:
            await asyncio.wait_for(_one_word(client, settings), settings.timeout)
        except (openai.OpenAIError, TimeoutError, ValueError, RecursionError) as error:
            if listed and settings.model not in listed and not is_outage(error):
                served = shown(", ".join(sorted(listed)[:20]), settings)
                raise InfrastructureError(
                    f"the endpoint {settings.base_url} does not serve {settings.model}; it serves: {served}"
                ) from None
            raise fatal(error, settings) from None


async def _one_word(client: "AsyncOpenAI", settings: EndpointSettings) -> None:
    """One short reply or embedding, looked at as closely as in a run: an error may come with status 200."""
    # A server that failed to list may close the connection that we would use again.
    client = client.with_options(max_retries=1)
    if isinstance(settings, EmbeddingEndpointSettings):
        embedded = await client.embeddings.create(
            model=settings.model, input=["yes"], encoding_format="float"
        )
        embedding_of(embedded, settings.model)
    else:
        said = await client.chat.completions.create(
            model=settings.model, messages=[{"role": "user", "content": "Say yes."}]
        )
        reply_of(said, settings.model)
