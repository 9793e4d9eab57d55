"""The sandbox as others use it: batches, memory of outcomes, death and return of the worker."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from acdc.sandbox import (
    Job,
    Limits,
    NotATaskFamily,
    Outcome,
    Sandbox,
    SandboxSettings,
    SandboxUnavailable,
    TaskError,
)

ROOT = Path(__file__).parents[3]


@pytest.fixture
def fresh() -> Iterator[Sandbox]:
    with Sandbox.open(SandboxSettings(outer="none")) as opened:
        yield opened


def family(score: str, tasks: str = '{"1": {}}', instructions: str = '"Do it."') -> str:
    return textwrap.dedent(f"""
        class TaskFamily:
            @staticmethod
            def get_tasks():
                return {tasks}
            @staticmethod
            def get_instructions(t):
                return {instructions}
            @staticmethod
            def score(t, submission):
                return {score}
    """)


def test_a_family_is_described_in_its_own_order(box: Sandbox) -> None:
    description = box.describe(family("1.0", '{"b": {"x": [1]}, "a": {"x": None}}', "f\"x is {t['x']}\""))
    assert list(description.tasks.items()) == [("b", {"x": [1]}), ("a", {"x": None})]
    assert description.instructions == {"b": "x is [1]", "a": "x is None"}


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (family("1.0", "1 / 0"), "exception"),
        (family("1.0", "[1]"), "protocol"),
        (family("1.0", "{1: {}}"), "protocol"),
        (family("1.0", '{"1": object()}'), "protocol"),
        (family("1.0", instructions="7"), "protocol"),
        (family("1.0", "'x' * 10**9"), "memory"),
        (family("float(eval(submission))"), "refused"),
    ],
)
def test_a_family_that_does_not_describe_itself_is_an_error_with_a_name(
    source: str, error: str, box: Sandbox
) -> None:
    with pytest.raises(TaskError) as raised:
        box.describe(source)
    assert raised.value.error == error


@pytest.mark.parametrize("source", ["", "x = (", "x = 1", "\0", "class Other: pass"])
def test_what_is_no_task_family_is_told_apart_from_one_that_fails(source: str, box: Sandbox) -> None:
    with pytest.raises(NotATaskFamily):
        box.describe(source)


def test_outcomes_come_in_the_order_of_the_jobs(box: Sandbox) -> None:
    one, two = family("float(submission)"), family("float(submission) / 2")
    jobs = [Job((one, two)[n % 2], "1", str(n / 100)) for n in range(60)]
    assert [o.score for o in box.score(jobs)] == [n / 100 / (1 + n % 2) for n in range(60)]


def test_no_jobs_have_no_outcomes(box: Sandbox) -> None:
    assert box.score([]) == []


def test_a_job_that_came_before_is_not_run_again(fresh: Sandbox) -> None:
    timed = family("__import__('time').time() % 1.0").replace("__import__('time')", "time")
    source = "import time\n" + timed
    first = fresh.score([Job(source, "1", "a"), Job(source, "1", "a"), Job(source, "1", "b")])
    again = fresh.score([Job(source, "1", "b"), Job(source, "1", "a")])
    assert first[0] == first[1] != first[2]
    assert again == [first[2], first[0]]


def test_jobs_that_differ_in_one_field_are_not_taken_for_each_other(box: Sandbox) -> None:
    source = family("len(submission) / 10", '{"1": {}, "11": {}}')
    outcomes = box.score([Job(source, "1", "1x"), Job(source, "11", "x"), Job(source + "\n", "1", "1x1")])
    assert [o.score for o in outcomes] == [0.2, 0.1, 0.3]


def test_no_more_outcomes_are_kept_than_allowed() -> None:
    with Sandbox.open(SandboxSettings(outer="none", remembered=2)) as box:
        source = family("float(submission)")
        box.score([Job(source, "1", str(n / 10)) for n in range(5)])
        assert len(box._outcomes) == 2


def test_hash_order_and_random_numbers_are_the_same_in_every_sandbox(fresh: Sandbox, box: Sandbox) -> None:
    source = "import random\n" + family(
        "random.random() / 2 + hash(''.join({'ab', 'cd', 'ef', 'gh'})) % 100 / 200"
    )
    job = Job(source, "1", "")
    assert fresh.score([job]) == box.score([job])


def test_any_text_arrives_as_it_was_sent(box: Sandbox) -> None:
    text = "a\0b\ud800\U0001f600\r\n" + "x" * 300_000
    source = family("float(submission == 'a\\0b\\ud800\\U0001f600\\r\\n' + 'x' * 300_000)")
    assert box.score([Job(source, "1", text)]) == [Outcome(1.0)]


def test_a_large_batch_with_large_jobs_does_not_block_on_a_full_pipe(box: Sandbox) -> None:
    source = family("float(len(submission) == 100_001)")
    assert {o.score for o in box.score([Job(source, "1", f"{n:05d}" + "x" * 99_996) for n in range(60)])} == {
        1.0
    }


def test_a_task_that_is_not_there_is_an_exception(box: Sandbox) -> None:
    (outcome,) = box.score([Job(family("1.0"), "2", "")])
    assert outcome.error == "exception"
    assert "KeyError" in outcome.detail


def test_the_detail_of_an_exception_names_the_line(box: Sandbox) -> None:
    (outcome,) = box.score([Job(family("1 / 0"), "1", "")])
    assert outcome == Outcome(None, "exception", "line 11: ZeroDivisionError: division by zero")


def test_a_self_executing_task_runs_only_where_that_is_allowed(box: Sandbox) -> None:
    job = Job(family("float(eval(submission))"), "1", "1 - 0.5")
    assert box.score([job])[0].error == "refused"
    with Sandbox.open(SandboxSettings(outer="none", allow_self_executing=True)) as allowing:
        assert allowing.score([job]) == [Outcome(0.5)]


def test_a_worker_that_dies_between_jobs_is_replaced(fresh: Sandbox) -> None:
    source = family("float(submission)")
    fresh.score([Job(source, "1", "0.1")])
    process = fresh._scorer._process
    assert process is not None
    os.kill(process._process.pid, signal.SIGKILL)
    assert fresh.score([Job(source, "1", "0.2")]) == [Outcome(0.2)]
    assert fresh._scorer.starts == 2


def test_jobs_in_flight_when_the_worker_dies_are_run_by_the_next(fresh: Sandbox) -> None:
    source = "import time\n" + family("time.sleep(0.05) or float(submission)")
    process = fresh._scorer._process
    assert process is not None
    timer = threading.Timer(0.2, os.kill, (process._process.pid, signal.SIGKILL))
    timer.start()
    outcomes = fresh.score([Job(source, "1", str(n / 10)) for n in range(10)])
    timer.join()
    assert [o.score for o in outcomes] == [n / 10 for n in range(10)]
    assert fresh._scorer.starts == 2


def test_a_worker_that_dies_twice_under_one_job_is_a_failure_of_ours(fresh: Sandbox) -> None:
    stop = threading.Event()

    def kill_again_and_again() -> None:
        while not stop.wait(0.05):
            process = fresh._scorer._process
            if process is not None and process._process.returncode is None:
                os.kill(process._process.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_again_and_again)
    killer.start()
    try:
        with pytest.raises(SandboxUnavailable, match=r"died twice|does not start"):
            fresh.score([Job("import time\n" + family("time.sleep(5) or 1.0"), "1", "")])
    finally:
        stop.set()
        killer.join()


def test_an_interrupted_batch_leaves_no_stale_report(fresh: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    source = family("float(submission)")

    class Interrupt(BaseException):
        pass

    def interrupt(request: bytes) -> bytes:
        raise Interrupt

    monkeypatch.setattr(fresh, "_relay", interrupt)
    asking = family("run_answer('', 'f', [])")
    with pytest.raises(Interrupt):
        fresh.score([Job(asking, "1", ""), Job(source, "1", "0.5")])
    assert fresh.score([Job(source, "1", "0.25")]) == [Outcome(0.25)]


def test_several_threads_may_share_a_sandbox(box: Sandbox) -> None:
    source, results = family("float(submission)"), {}

    def score(number: int) -> None:
        results[number] = [
            o.score for o in box.score([Job(source, "1", f"0.{number}{n}") for n in range(10)])
        ]

    threads = [threading.Thread(target=score, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: [float(f"0.{number}{n}") for n in range(10)] for number in range(4)}


def test_the_worker_outlives_the_thread_that_opened_the_sandbox() -> None:
    opened: list[Sandbox] = []
    thread = threading.Thread(target=lambda: opened.append(Sandbox.open(SandboxSettings(outer="none"))))
    thread.start()
    thread.join()
    time.sleep(0.05)
    with opened[0] as box:
        assert box.score([Job(family("0.5"), "1", "")]) == [Outcome(0.5)]
        assert box._scorer.starts == 1


@pytest.mark.parametrize("outer", ["none", "auto"])
def test_no_process_is_left_when_the_parent_is_killed(outer: str, tmp_path: Path) -> None:
    script = f"""
import os, sys, threading, time
from acdc.sandbox import *
box = Sandbox.open(SandboxSettings(outer={outer!r}))
box.run_answer("def f(): return 1", "f", [])
print(os.getpid(), flush=True)
source = {family("time.sleep(9) or 1.0")!r}
box.score([Job("import time\\n" + source, "1", "")])
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        time.sleep(0.3)
        family_tree = descendants(parent.pid)
        parent.kill()
    assert len(family_tree) >= 3
    deadline = time.monotonic() + 5
    while alive := [pid for pid in family_tree if running(pid)]:
        assert time.monotonic() < deadline, alive
        time.sleep(0.02)


def descendants(pid: int) -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    found, waiting = [], [pid]
    while waiting:
        children = [child for child, parent in parents.items() if parent == waiting[0]]
        waiting = waiting[1:] + children
        found += children
    return found


def running(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_sandbox_is_not_shared_with_a_forked_process(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(box, "_owner", 1)
    with pytest.raises(RuntimeError, match="belongs to the process"):
        box.score([Job(family("1.0"), "1", "fork")])


def test_the_limit_of_memory_is_the_setting(reverse: str) -> None:
    source = family("float(len(bytearray(300 << 20)) > 0)")
    for megabytes, error in ((256, "memory"), (512, None)):
        with Sandbox.open(SandboxSettings(outer="none", limits=Limits(memory_mb=megabytes))) as box:
            assert box.score([Job(source, "1", "")])[0].error == error
