"""Model families: from a name in params.yaml to directories with weights, tokenizer and chat template.

Promises: all members of a family fit together, or an error says which one does not; revisions of the hub are resolved once.
Door: family.py (settings, `resolve`, `load_weights`), hub.py (download and access), prepare.py (the stage `acdc seeds`).
"""

__all__ = ["family", "hub", "prepare"]
