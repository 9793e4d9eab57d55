"""Worker processes report, return, fail and die in ways that the caller can tell."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from acdc.errors import InfrastructureError, NotEnoughDataError
from acdc.processes.pool import Report, Work, run_all


def square(number: int, *, report: Report) -> int:
    report(done=number)
    return number * number


def refuse(number: int, *, report: Report) -> None:
    raise NotEnoughDataError(f"{number} is not enough")


def break_down(number: int, *, report: Report) -> None:
    raise ValueError("a bug")


def die(number: int, *, report: Report) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def do(*work: Work) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    heard: list[tuple[str, dict[str, Any]]] = []
    results = run_all(work, workers=2, on_event=lambda name, event: heard.append((name, event)), preload=())
    return results, heard


def test_every_result_and_every_report_arrives() -> None:
    results, heard = do(*(Work(f"w{i}", square, (i,)) for i in range(5)))
    assert results == {f"w{i}": i * i for i in range(5)}
    assert sorted(heard) == [(f"w{i}", {"done": i}) for i in range(5)]


def test_an_expected_error_keeps_its_kind_and_the_others_finish() -> None:
    heard = []
    work = [Work("bad", refuse, (1,)), Work("good", square, (3,))]
    with pytest.raises(NotEnoughDataError, match="1 is not enough"):
        run_all(work, workers=2, on_event=lambda name, event: heard.append(name), preload=())
    assert heard == ["good"]


def test_a_bug_arrives_with_its_trace() -> None:
    with pytest.raises(RuntimeError, match="break_down"):
        do(Work("bad", break_down, (1,)))


def test_a_worker_that_was_killed_is_named() -> None:
    with pytest.raises(InfrastructureError, match=r"worker for w.*-9"):
        do(Work("w", die, (1,)))


def linger(file: str, *, report: Report) -> None:
    Path(file).write_text(str(os.getpid()))
    while True:
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_workers_end_when_their_command_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    script = (
        "from acdc.processes.pool import Work, run_all\n"
        "from tests.acdc.processes.test_pool import linger\n"
        f"run_all([Work('w', linger, ({str(file)!r},))], workers=1, on_event=print, preload=())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[3]) as command:
        until = time.monotonic() + 60
        while not (file.is_file() and file.read_text()):
            assert time.monotonic() < until
            time.sleep(0.05)
        worker = int(file.read_text())
        assert is_running(worker)
        command.kill()
    until = time.monotonic() + 9  # before patience would end it
    while is_running(worker) and time.monotonic() < until:
        time.sleep(0.05)
    if is_running(worker):
        os.kill(worker, signal.SIGKILL)
        pytest.fail("the worker went on without its command")


def follows(before: str, *, report: Any) -> str:
    report(began=before)
    return before


def test_work_waits_for_the_work_that_it_names_and_for_no_other() -> None:
    began: list[str] = []
    work = [
        Work("child", follows, ("child",), after=("parent",)),
        Work("parent", follows, ("parent",), after=("finished long ago",)),
    ]
    results = run_all(work, workers=2, on_event=lambda name, event: began.append(name), preload=())
    assert began == ["parent", "child"]
    assert list(results) == ["parent", "child"]


def test_work_whose_predecessor_failed_is_not_begun() -> None:
    began: list[str] = []
    work = [Work("child", follows, ("child",), after=("parent",)), Work("parent", refuse, (1,))]
    with pytest.raises(NotEnoughDataError):
        run_all(work, workers=2, on_event=lambda name, event: began.append(name), preload=())
    assert began == []


def test_work_that_waits_for_itself_in_a_circle_is_a_bug_that_is_said() -> None:
    work = [Work("a", follows, ("a",), after=("b",)), Work("b", follows, ("b",), after=("a",))]
    with pytest.raises(ValueError, match="wait for each other: a, b"):
        run_all(work, workers=2, on_event=lambda name, event: None, preload=())
