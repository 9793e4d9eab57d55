"""What machine this is, in the words that a measurement is reported with. Standard library only."""

import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
MEMORY_INFO = Path("/proc/meminfo")


@dataclass(frozen=True)
class Machine:
    """A machine as a benchmark names it.

    Attributes:
        cpu: Name of the processor, or its architecture where the system gives no name.
        cores: Cores that this process may use.
        memory: Bytes of main memory; 0 if unknown.
        system: Kernel and its version.
        python: Version of this interpreter.
    """

    cpu: str
    cores: int
    memory: int
    system: str
    python: str

    def __str__(self) -> str:
        memory = f"{self.memory / 2**30:.1f} GiB" if self.memory else "memory unknown"
        return f"{self.cpu}, {self.cores} cores, {memory}, {self.system}, Python {self.python}"


def this_machine() -> Machine:
    """The machine that this process runs on."""
    return Machine(
        _cpu(),
        usable_cores(),
        memory(),
        f"{platform.system()} {platform.release()}",
        platform.python_version(),
    )


def usable_cores() -> int:
    """Cores that this process may use; a container may have fewer than its machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory(field: str = "MemTotal") -> int:
    """Bytes of main memory, or of another field of /proc/meminfo (``MemAvailable``); 0 if unknown."""
    if not MEMORY_INFO.exists():
        return 0
    match = re.search(rf"^{field}:\s+(\d+) kB", MEMORY_INFO.read_text(encoding="ascii"), flags=re.MULTILINE)
    return int(match.group(1)) * 1024 if match else 0


def _cpu() -> str:
    if CPU_INFO.exists():
        match = re.search(r"^model name\s*: (.+)$", CPU_INFO.read_text(encoding="utf-8"), flags=re.MULTILINE)
        if match:
            return " ".join(match.group(1).split())
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    sys.stdout.write(f"{this_machine()}\n")
