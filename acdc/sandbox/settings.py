"""The `sandbox` section of the settings."""

from typing import Literal

from pydantic import Field

from acdc.parsing.section import Section

OuterName = Literal["auto", "none", "sandlock", "bwrap"]

PRELOAD = (
    "abc",
    "bisect",
    "calendar",
    "cmath",
    "collections",
    "collections.abc",
    "contextlib",
    "copy",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "json",
    "math",
    "numbers",
    "operator",
    "random",
    "re",
    "statistics",
    "string",
    "textwrap",
    "time",
    "typing",
    "unicodedata",
)
"""What task and answer code can import: nothing else is there, because no file can be opened."""


class Limits(Section):
    """What one run of untrusted code may use.

    The CPU limit decides what counts as a timeout: it does not depend on how busy the machine is. The wall limit only ends what sleeps.

    Attributes:
        cpu_seconds: CPU time.
        wall_seconds: Time by the clock; code of an answer gets half of it.
        memory_mb: Address space in MiB, the interpreter's own 30 included.
        result_kb: Longest result in KiB.
        output_kb: What may be printed, in KiB; it is thrown away.
    """

    cpu_seconds: int = Field(default=2, ge=1)
    wall_seconds: float = Field(default=10.0, gt=0)
    memory_mb: int = Field(default=512, ge=64)
    result_kb: int = Field(default=1024, ge=1, le=65536)
    output_kb: int = Field(default=1024, ge=1)


class Layers(Section):
    """Layers of the worker itself. One that this system does not have is left out; the probe says whether the rest suffices.

    Attributes:
        namespaces: No network, no other processes, an empty root directory.
        user: Root becomes nobody; all capabilities are dropped.
        landlock: No file, no TCP, no signal to the outside.
        seccomp: Only the system calls that computing needs.
        rlimits: CPU time, memory, processes, descriptors, file size.
    """

    namespaces: bool = True
    user: bool = True
    landlock: bool = True
    seccomp: bool = True
    rlimits: bool = True


class SandboxSettings(Section):
    """How untrusted code is run.

    Attributes:
        outer: What is put around the worker: the first of sandlock, bwrap, nothing whose probe passes (`auto`), or one by name.
        limits: What one run may use.
        layers: The worker's own layers, for tests to switch off one at a time.
        preload: Modules that untrusted code may import.
        allow_unsafe: Go on where no combination passes the probe.
        allow_self_executing: Run tasks whose `score` itself executes the submission.
        remembered: How many outcomes are kept for jobs that come again.
    """

    outer: OuterName = "auto"
    limits: Limits = Limits()
    layers: Layers = Layers()
    preload: tuple[str, ...] = PRELOAD
    allow_unsafe: bool = False
    allow_self_executing: bool = False
    remembered: int = Field(default=100_000, ge=0)
