"""Settings: params.yaml and overrides, read once, checked, and resolved for a family and a variant.

Promises: an unknown key or a wrong value is an error that names the place and the nearest key. Nothing is measured here.
Door: `load` and `parse`, which give a `Config`; run_spec.py (`RunSpec`, one run resolved), evolution.py (settings of a run).
"""

from acdc.config.config import Config, load, parse

__all__ = ["Config", "load", "parse"]
