"""All checks of ``acdc doctor``, in the order in which they are printed."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from acdc.doctor import confinement, hardware, software
from acdc.doctor.check import Check


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
