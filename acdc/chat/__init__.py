"""Asking language models behind OpenAI-compatible endpoints: settings, calls, transcripts, and the client.

Nothing here imports the ``openai`` package before a call is made.
"""
