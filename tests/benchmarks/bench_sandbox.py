"""One sandboxed score: the floor worker, the same behind sandlock, and an interpreter of its own per score, in one run.

    python tests/benchmarks/bench_sandbox.py [SCORES]

The three take turns in small batches, so that a busy moment of the machine meets all of them. The target is a median of at most
4 ms per score in the floor worker, a fork each.
"""

import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

from acdc.sandbox import Job, Sandbox, SandboxSettings, SandboxUnavailable

BATCH = 25
FAMILY = """
class TaskFamily:
    @staticmethod
    def get_tasks():
        return {"1": {"word": "benchmark"}}

    @staticmethod
    def get_instructions(t):
        return "Reverse " + t["word"]

    @staticmethod
    def score(t, submission):
        return 1.0 if submission == t["word"][::-1] else 0.0
"""
ASKING = FAMILY.replace("submission ==", 'run_answer("def f(x):\\n    return x[::-1]", "f", [submission]) !=')
ALONE = FAMILY + '\nimport sys\nprint(TaskFamily.score(TaskFamily.get_tasks()["1"], sys.argv[1]))\n'


def processor() -> str:
    """The processor's name, as the kernel has it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "CPU part")):
            return line.partition(":")[2].strip()
    return platform.machine()


def batch(box: Sandbox, source: str, start: int) -> float:
    """Seconds per score over one batch of new submissions."""
    began = time.perf_counter()
    box.score([Job(source, "1", f"submission {n}") for n in range(start, start + BATCH)])
    return (time.perf_counter() - began) / BATCH


def single(box: Sandbox, source: str, start: int) -> float:
    """Seconds per score, each sent on its own."""
    began = time.perf_counter()
    for n in range(start, start + BATCH):
        box.score([Job(source, "1", f"single {n}")])
    return (time.perf_counter() - began) / BATCH


def interpreters(start: int) -> float:
    """Seconds per score in an interpreter each, unconfined."""
    began = time.perf_counter()
    for n in range(start, start + BATCH):
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", ALONE, f"submission {n}"], check=True, capture_output=True
        )
    return (time.perf_counter() - began) / BATCH


def main(scores: int) -> None:
    """Measures and prints."""
    began = time.perf_counter()
    floor = Sandbox.open(SandboxSettings(outer="none"))
    opened = time.perf_counter() - began
    boxes = {"floor worker": floor}
    try:
        boxes["behind sandlock"] = Sandbox.open(SandboxSettings(outer="sandlock"))
    except SandboxUnavailable as error:
        print(f"no sandlock here: {error}")
    times: dict[str, list[float]] = {}
    for box in boxes.values():
        batch(box, FAMILY, -BATCH)
        batch(box, ASKING, -BATCH)
    for start in range(0, scores, BATCH):
        for name, box in boxes.items():
            times.setdefault(f"{name}, in batches of {BATCH}", []).append(batch(box, FAMILY, start))
        times.setdefault("floor worker, one at a time", []).append(single(floor, FAMILY, start))
        times.setdefault("floor worker, with one run_answer", []).append(batch(floor, ASKING, start))
        times.setdefault("python -I -S per score, unconfined", []).append(interpreters(start))
    for box in boxes.values():
        box.close()
    slowest = statistics.median(times["python -I -S per score, unconfined"]) * 1000
    print(
        f"{processor()}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}"
    )
    print(f"layers: {', '.join(floor.layers)}; opened and probed in {opened * 1000:.0f} ms")
    for name, values in times.items():
        median, best = statistics.median(values) * 1000, min(values) * 1000
        print(
            f"{name:36} median {median:6.2f} ms, quietest batch {best:6.2f} ms, {slowest / median:4.1f} times as fast"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
