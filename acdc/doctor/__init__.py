"""What works on this machine, and how to fix what does not (`acdc doctor`).

Promises: the checks only read. They install, write and send nothing.
A check is ok, warn (it works, but a person should know) or missing. `acdc doctor` fails only if a part that the embedded
family needs is missing.
Door: `examine` gives each `Check`; `as_text`, `as_json`, `healthy` read them. bits.py is `acdc doctor --bits`.
"""

from acdc.doctor.check import Check, as_json, as_text, healthy
from acdc.doctor.report import examine

__all__ = ["Check", "as_json", "as_text", "examine", "healthy"]
