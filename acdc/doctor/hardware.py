"""Processor, memory, disk and GPU, and the torch that uses them."""

from acdc.doctor.check import Check
from acdc.doctor.probes import output_lines
from acdc.processes.machine import memory, this_machine

GIB = 2**30
ENOUGH_MEMORY = 4 * GIB  # what the default pipeline stays under
ENOUGH_DISK = 2 * GIB


def machine() -> Check:
    """Processor and memory."""
    free = memory("MemAvailable")
    detail = f"{this_machine()}, {free / GIB:.1f} GiB of memory free"
    if 0 < free < ENOUGH_MEMORY:
        return Check(
            "machine",
            "warn",
            detail,
            "The default pipeline takes up to 4 GiB: close something, or set executor.workers: 1",
        )
    return Check("machine", "ok", detail)


def free_disk(free: int) -> Check:
    """Room on the disk, in bytes."""
    detail = f"{free / GIB:.1f} GiB free here"
    if free < ENOUGH_DISK:
        return Check("disk", "warn", detail, "Make room, or `make clean`: the default pipeline wants 2 GiB")
    return Check("disk", "ok", detail)


def torch() -> Check:
    """Version, build and threads of torch."""
    try:
        import torch
    except (ImportError, OSError) as error:
        return Check("torch", "missing", f"does not import: {error}", "make setup TORCH=cpu", needed=True)
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU build"
    threads = torch.get_num_threads()
    detail = f"{torch.__version__}, {build}, {threads} thread{'s' if threads > 1 else ''}"
    if threads > 1:
        return Check(
            "torch", "warn", detail, "Several threads on busy cores spin: OMP_NUM_THREADS=1", needed=True
        )
    return Check("torch", "ok", detail, needed=True)


def gpu() -> Check:
    """NVIDIA GPUs, and whether the installed torch can use them."""
    listed = output_lines(["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"])
    if not listed:
        return Check("GPU", "ok", "none: the embedded family needs none")
    names = "; ".join(listed)
    try:
        import torch
    except (ImportError, OSError):
        return Check("GPU", "warn", f"{names}, but torch does not import", "make setup TORCH=cuda")
    if torch.cuda.is_available():
        return Check("GPU", "ok", f"{names}, in torch's reach")
    if torch.version.cuda is None:
        return Check("GPU", "warn", f"{names}, but torch is a CPU build", "make setup TORCH=cuda")
    fix = f"The driver may be too old for CUDA {torch.version.cuda}: update it"
    return Check("GPU", "warn", f"{names}, but torch cannot reach it", fix)
