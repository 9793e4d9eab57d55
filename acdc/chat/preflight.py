"""Is the endpoint there, does it take the key, does it serve the model? Asked before a run writes anything."""

from acdc.chat.client import key_of
from acdc.chat.outages import fatal, is_outage
from acdc.chat.settings import EmbeddingEndpointSettings, EndpointSettings
from acdc.errors import InfrastructureError

_SECONDS = 20.0  # for a list of models; a reply may take as long as any reply


def require_served(settings: EndpointSettings) -> None:
    """Check an endpoint: its list of models, and where that is missing or lacks the model, one short reply.

    Raises:
        InfrastructureError: With what to mend: key, address or model.
    """
    import openai

    client = openai.OpenAI(
        base_url=settings.base_url,
        api_key=key_of(settings),
        max_retries=1,
        http_client=openai.DefaultHttpxClient(
            follow_redirects=False, timeout=min(_SECONDS, settings.timeout)
        ),
    )
    with client:
        try:
            listed = [str(one.id) for one in client.models.list().data]
        except openai.APIStatusError as error:
            if error.status_code not in (404, 405, 501):
                raise fatal(error, settings) from None
            listed = []
        except (openai.OpenAIError, ValueError, AttributeError, TypeError) as error:
            raise fatal(error, settings) from None
        if settings.model in listed:
            return
        try:
            if isinstance(settings, EmbeddingEndpointSettings):
                client.embeddings.create(model=settings.model, input=["yes"], timeout=settings.timeout)
            else:
                client.chat.completions.create(
                    model=settings.model,
                    messages=[{"role": "user", "content": "Say yes."}],
                    timeout=settings.timeout,
                )
        except (openai.OpenAIError, ValueError) as error:
            if listed and not is_outage(error):
                raise InfrastructureError(
                    f"the endpoint {settings.base_url} does not serve {settings.model}; it serves: {', '.join(sorted(listed)[:20])}"
                ) from None
            raise fatal(error, settings) from None
