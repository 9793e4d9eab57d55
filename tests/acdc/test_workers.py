"""Worker processes report, return, fail and die in ways that the caller can tell."""

import os
import signal
from typing import Any

import pytest

from acdc.errors import InfrastructureError, NotEnoughDataError
from acdc.workers import Report, Work, run_all


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
