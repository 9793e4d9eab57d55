"""The machine and the packages that made a report: no host name, no user, no path."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("acdc-coevolution", "torch", "transformers", "lm-eval", "numpy", "scipy", "sandlock")


def describe() -> dict[str, str]:
    """Name and value of each fact."""
    facts = {
        "Python": platform.python_version(),
        "System": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "Cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
    }
    if sys.platform == "linux":
        facts["Memory"] = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    for package in PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            facts[package] = "not installed"
    return facts
