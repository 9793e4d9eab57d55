"""The embedded family: its skills, tokenizer and training. A CPU trains its six models in minutes.

Promises: equal settings give equal weights on one machine; weights that ship with the package are equal on every machine.
The rest of the code treats it like any other model family.
Door: family.py (trains what is missing), shipped.py (weights from the package), settings.py (`TinySettings`).
Sources that training.py lists in `SOURCES` are hashed: a changed byte there trains every model again.
"""

__all__ = ["family", "settings", "shipped"]
