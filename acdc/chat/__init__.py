"""Calls to language models behind OpenAI-compatible endpoints.

Promises: a reply is stored on arrival and paid for once; replies are used in the order of the calls; a transcript replays
them without an endpoint; no key is written anywhere. The `openai` package is imported with the first call.
Door: client.py (`Chat`), embeddings.py (`EmbeddingChat`), call.py (`Call`, `Reply`), settings.py, transcript.py (`Transcript`,
`Replay`), preflight.py (`require_served`), outages.py (what a failure means), marked.py (text under judgement), prompt_files.py.
"""

__all__ = [
    "call",
    "client",
    "embeddings",
    "marked",
    "outages",
    "preflight",
    "prompt_files",
    "settings",
    "transcript",
]
