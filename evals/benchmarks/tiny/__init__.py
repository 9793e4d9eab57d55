"""The out-of-distribution suite of the embedded family: shifts of wording, format and inputs, drawn by seed.

Promises: the same seed draws the same questions, none of which the models were trained on.
Door: the YAML files; generator.py (`rows`), guessing.py (`guess_rates`: what guessing scores).
"""

__all__ = ["generator", "guessing"]
