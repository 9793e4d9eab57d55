"""Engines: language models whose weights can be swapped, behind one protocol.

Engine, Request, Sampling, Answer   the protocol (engine.py)
Capabilities, DeclaredEngine        what an engine promises beyond it, and one that says so
EngineSettings, VllmSettings, APISettings   the `engine` section of params.yaml, by its `kind` (settings.py)
open_engine                         the engine that the settings ask for (plugins.py)
The engines lie in `hf`, `vllm` and `openai_api`, which are imported where one is opened, because it takes seconds.
"""

from acdc.engines.engine import Answer, Capabilities, DeclaredEngine, Engine, Request, Sampling
from acdc.engines.plugins import open_engine
from acdc.engines.settings import AnyEngineSettings, APISettings, EngineSettings, VllmSettings

__all__ = [
    "APISettings",
    "Answer",
    "AnyEngineSettings",
    "Capabilities",
    "DeclaredEngine",
    "Engine",
    "EngineSettings",
    "Request",
    "Sampling",
    "VllmSettings",
    "open_engine",
]
