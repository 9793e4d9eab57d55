"""Settings: params.yaml and overrides, read once, checked, and resolved for a family and a variant.

Promises: an unknown key or a wrong value is an error that names the place and the nearest key. Nothing is measured here.
Door: config.py (`load` and `parse`, which give a `Config`), evolution.py (the settings of a run).
"""

__all__ = ["config", "evolution"]
