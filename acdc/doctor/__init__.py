"""What works on this machine, and how to mend what does not. Looks only: nothing is installed, written or sent.

A check is ok, warn (works, but a person should know) or missing; one that the embedded family needs and that is missing
makes ``acdc doctor`` fail. Optional parts may be missing in good health.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from acdc.doctor import confinement, hardware, software
from acdc.doctor.check import Check, as_json, as_text, healthy

__all__ = ["Check", "as_json", "as_text", "examine", "healthy"]


def examine(root: Path) -> Iterator[Check]:
    """Yields the checks one by one, for the project in ``root``; all of them take a few seconds."""
    yield software.python(sys.version_info[:3])
    yield hardware.machine()
    yield hardware.free_disk(shutil.disk_usage(root).free)
    yield hardware.torch()
    yield hardware.gpu()
    yield software.packages()
    yield software.settings(root)
    yield from confinement.sandbox()
    yield software.dvc(root)
    yield software.git()
    yield software.endpoint(os.environ)
    yield from software.extras()
