"""Single-thread worker processes on this machine: each pays its imports once, none outlives the command.

Workers come from a fork server that has imported the heavy modules, so that three of them cost one import. They report
events through one queue; an error of the house's own kind reaches the caller as the same error.
"""

import contextlib
import multiprocessing.connection
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from acdc.errors import InfrastructureError, expected

Report = Callable[..., None]
_PATIENCE = 10.0  # seconds in which a worker may close everything
HEAVY = ("torch", "transformers.models.auto.modeling_auto", "transformers.models.llama.modeling_llama")


Result = TypeVar("Result")


@dataclass(frozen=True)
class Work(Generic[Result]):
    """One call that a worker makes: ``function(*arguments, report=report)``, importable by its qualified name.

    Attributes:
        name: Unique among the work that is done together.
        function: What is called.
        arguments: Its positional arguments; they are pickled.
        after: Names of the work that must have its result before this begins; names that are not among the work do not count.
    """

    name: str
    function: Callable[..., Result]
    arguments: tuple[Any, ...]
    after: tuple[str, ...] = ()


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(
    work: Sequence[Work[Result]],
    *,
    workers: int,
    on_event: Callable[[str, dict[str, Any]], None],
    preload: Sequence[str] = HEAVY,
) -> dict[str, Result]:
    """Do all work, at most ``workers`` at a time.

    Args:
        work: What to do, names unique.
        workers: Processes at once.
        on_event: Called in this process with the name of the work and what it reported.
        preload: Modules that the fork server imports once.

    Returns:
        What each function returned, by name.

    Raises:
        AcdcError: The first error of the house's own kind, after all other work has ended.
        InfrastructureError: A worker died; the same command goes on where it was.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    channel: multiprocessing.queues.Queue[tuple[str, str, Any]] = context.Queue()
    waiting, running = list(work), dict[str, BaseProcess]()
    results: dict[str, Result] = {}
    errors: list[BaseException] = []
    with _ended(running):
        while waiting or running:
            open_names = {job.name for job in work} - set(results)
            ready = [job for job in waiting if open_names.isdisjoint(job.after)]
            if not ready and not running:
                if not errors:
                    raise ValueError(f"these wait for each other: {', '.join(job.name for job in waiting)}")
                break  # what they wait for has failed
            for job in ready[: max(1, workers) - len(running)]:
                waiting.remove(job)
                process = context.Process(target=_worker, args=(job, channel), name=job.name)
                process.start()
                running[job.name] = process
            _receive(channel, running, results, errors, on_event)
    if errors:
        raise errors[0]
    return results


def _receive(
    channel: "multiprocessing.queues.Queue[tuple[str, str, Any]]",
    running: dict[str, BaseProcess],
    results: dict[str, Result],
    errors: list[BaseException],
    on_event: Callable[[str, dict[str, Any]], None],
) -> None:
    """Handle one message, or notice a worker that ended without one."""
    try:
        name, kind, value = channel.get(timeout=0.2)
    except queue.Empty:
        for name, process in list(running.items()):
            # Its last message may still be on its way; a worker is dead only if nothing more comes.
            if process.exitcode is not None and channel.empty():
                del running[name]
                if process.exitcode in (-signal.SIGINT, 130):
                    raise KeyboardInterrupt from None
                errors.append(
                    InfrastructureError(
                        f"the worker for {name} (process {process.pid}) ended with code {process.exitcode}; "
                        "if the code is -9, memory may have run out: try `-S executor.workers=1`. Finished work is kept: "
                        "run the same command again to continue."
                    )
                )
        return
    if kind == "event":
        on_event(name, value)
        return
    if kind == "result":
        results[name] = value
    elif kind == "interrupted":
        raise KeyboardInterrupt
    else:
        errors.append(value)
    running.pop(name).join()


def _worker(job: Work[Any], channel: "multiprocessing.queues.Queue[tuple[str, str, Any]]") -> None:
    """In the worker: do the work and say how it ended."""
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # end as on Ctrl-C: close everything, keep what is done
    threading.Thread(target=_end_with_the_command, name="command-watch", daemon=True).start()

    def report(**event: Any) -> None:
        channel.put((job.name, "event", event))

    try:
        result = job.function(*job.arguments, report=report)
    except KeyboardInterrupt:
        channel.put((job.name, "interrupted", None))
    except Exception as error:  # noqa: BLE001 - part of the command's border: the parent tells bugs from the rest
        error.add_note(f"in the worker for {job.name}")
        channel.put((job.name, "error", expected(error) or _picklable(error)))
    else:
        channel.put((job.name, "result", result))
    channel.close()
    channel.join_thread()


def _end_with_the_command() -> None:
    """A command that was killed can't end its workers: they would go on for hours beside the next one, on the same GPU."""
    command = multiprocessing.parent_process()
    assert command is not None
    multiprocessing.connection.wait([command.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_PATIENCE)
    os._exit(1)


def _picklable(error: Exception) -> RuntimeError:
    """A bug that survives the way to the parent, with its trace as text."""
    import traceback

    return RuntimeError("".join(traceback.format_exception(error)))


@contextlib.contextmanager
def _ended(running: dict[str, BaseProcess]) -> Iterator[None]:
    """No worker outlives this block: on an interruption they are asked to end, then waited for."""
    try:
        yield
    finally:
        for process in running.values():
            if process.is_alive():
                process.terminate()
        for process in running.values():
            process.join(timeout=_PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()
