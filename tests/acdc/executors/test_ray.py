"""Workers of a real cluster: who answers, and who dies meanwhile, does not show in the answers."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

from acdc.config.evolution import ExecutorSettings
from acdc.engines.engine import Request, Sampling
from acdc.errors import InfrastructureError, InputError
from acdc.executors import Alone, RequestBatch
from acdc.executors.ray_engine import RayEngine
from acdc.executors.ray_executor import RayExecutor
from tests.acdc.executors.misbehaving import Obedient, no_model

pytestmark = pytest.mark.usefixtures("ray_cluster")
SAMPLING = Sampling(max_new_tokens=8)


def ray_settings(**changes: Any) -> ExecutorSettings:
    return ExecutorSettings.model_validate({"kind": "ray", "workers": 2, "max_restarts": 2, **changes})


def request_batch(
    name: str, *messages: str, value: float = 1.0, meanwhile: Callable[[], None] = int
) -> RequestBatch:
    def weights() -> dict[str, torch.Tensor]:
        meanwhile()
        return {"w": torch.tensor([value])}

    return RequestBatch(name, f"hash of {value}", weights, messages)


def texts(executor: Any, request_batches: Sequence[RequestBatch]) -> list[list[str]]:
    answers = executor.answer(request_batches, system="s", sampling=SAMPLING)
    return [[answer.text for answer in answered] for answered in answers]


class Heard:
    """What was told about workers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, kind: str, line: str, **detail: Any) -> None:
        assert kind == "worker lost"
        self.lines.append(line)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def worker_group(heard: Heard) -> Iterator[Callable[..., RayExecutor]]:
    opened: list[RayExecutor] = []

    def make(engine: Any = Obedient, **changes: Any) -> RayExecutor:
        opened.append(RayExecutor(ray_settings(**changes), engine, note=heard))
        return opened[-1]

    yield make
    for executor in opened:
        executor.close()
    deadline = time.monotonic() + 180
    while left := workers_at("EngineActor"):  # nobody is left over; Ray ends them soon, not at once
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def workers_at(what: str) -> list[int]:
    """Ray workers of this process's clusters that are at a method of the actor; Ray writes it over their command line.

    Of no others: tests in another process have workers of their own, and these functions are asked whom to kill.
    """
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        process = int(path.parent.name)
        if (
            line.startswith(b"ray::EngineActor")
            and what.encode() in line
            and os.getpid() in ancestors(process)
        ):
            found.append(process)
    return found


def ancestors(process: int) -> list[int]:
    """A process's parent, its parent, and so on; none of one that is gone."""
    found = []
    while process > 1:
        try:
            status = Path(f"/proc/{process}/status").read_text()
        except OSError:
            break
        process = int(status.partition("\nPPid:")[2].split()[0])
        found.append(process)
    return found


def kill_one_at_its_request_batch() -> None:
    deadline = time.monotonic() + 60
    while not (busy := workers_at("request_batch")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(busy[0], signal.SIGKILL)


@pytest.mark.parametrize("workers", [1, 2])
def test_answers_come_in_order_and_do_not_depend_on_the_number_of_workers(
    worker_group: Callable[..., RayExecutor], workers: int
) -> None:
    request_batches = [request_batch(f"i{n}", "sleep 0.2" if n == 0 else "x", value=n) for n in range(6)]
    assert texts(worker_group(workers=workers), request_batches) == texts(Alone(Obedient()), request_batches)


def test_a_worker_that_is_killed_while_it_answers_is_replaced_and_its_request_batch_served_by_another(
    worker_group: Callable[..., RayExecutor], heard: Heard, capfd: pytest.CaptureFixture[str]
) -> None:
    executor = worker_group()
    request_batches = [
        request_batch("slow", "sleep 3"),
        *(request_batch(f"i{n}", "x", value=n) for n in range(4)),
    ]
    request_batches[2] = request_batch("i2", "x", value=2, meanwhile=kill_one_at_its_request_batch)
    assert texts(executor, request_batches) == [["1 s|sleep 3"], ["0 s|x"], ["2 s|x"], ["2 s|x"], ["3 s|x"]]
    assert len(heard.lines) == 1
    assert "was lost while it answered for slow" in heard.lines[0]
    time.sleep(1)  # Ray tells of it in a thread of its own
    assert capfd.readouterr() == ("", "")  # the only word about it is ours, and stdout is the command's


def test_a_broken_engine_is_left_and_another_asked(
    worker_group: Callable[..., RayExecutor], heard: Heard, tmp_path: Path
) -> None:
    assert texts(
        worker_group(), [request_batch("a", f"die-once {tmp_path / 'died'}"), request_batch("b", "y")]
    ) == [
        [f"1 s|die-once {tmp_path / 'died'}"],
        ["1 s|y"],
    ]
    assert len(heard.lines) == 1


def test_the_individual_that_brings_down_every_worker_is_named(
    worker_group: Callable[..., RayExecutor], heard: Heard
) -> None:
    with pytest.raises(InfrastructureError, match="3 workers died while they answered for bad"):
        texts(worker_group(max_restarts=9), [request_batch("good", "x"), request_batch("bad", "die")])
    assert len(heard.lines) == 3


def test_when_all_workers_are_lost_that_is_said_with_what_to_do(
    worker_group: Callable[..., RayExecutor], heard: Heard
) -> None:
    with pytest.raises(InfrastructureError, match=r"no worker is left.*the engine broke.*max_restarts"):
        texts(worker_group(max_restarts=0, workers=1), [request_batch("bad", "break")])


def test_an_expected_error_comes_as_itself_when_its_turn_comes(
    worker_group: Callable[..., RayExecutor],
) -> None:
    answers = worker_group().answer(
        [request_batch("slow", "sleep 0.3"), request_batch("long", "refuse")], system="s", sampling=SAMPLING
    )
    assert [answer.text for answer in next(answers)] == ["1 s|sleep 0.3"]
    with pytest.raises(InputError, match=r"^too long$"):
        next(answers)


def test_a_bug_in_a_worker_is_a_bug_and_no_lost_worker(
    worker_group: Callable[..., RayExecutor], heard: Heard
) -> None:
    with pytest.raises(ZeroDivisionError, match="misbehaving"):
        texts(worker_group(workers=1), [request_batch("a", "bug")])
    assert heard.lines == []


def test_a_model_that_a_worker_does_not_find_is_bad_input(worker_group: Callable[..., RayExecutor]) -> None:
    with pytest.raises(InputError, match="there is no model"):
        worker_group(no_model, workers=1)


def test_workers_that_get_no_place_are_not_waited_for_for_ever(
    worker_group: Callable[..., RayExecutor],
) -> None:
    worker_group(cpus_per_worker=2, workers=1)
    with pytest.raises(InfrastructureError, match=r"start_seconds = 2; free in the Ray cluster: 0 CPU"):
        worker_group(cpus_per_worker=2, workers=1, start_seconds=2)


def test_an_engine_in_a_worker_answers_like_one_here_and_outlives_its_worker(
    heard: Heard, tmp_path: Path
) -> None:
    with closing(RayEngine(ray_settings(max_restarts=1), Obedient)) as engine:
        engine.tell(heard)
        assert (engine.version, engine.weights_hash) == ("obedient 1", None)
        assert engine.chat("u", "s") == "s|u"
        engine.load({"w": torch.tensor([4.0])}, "four")
        assert engine.weights_hash == "four"
        order, done = f"die-once {tmp_path / 'died'}", list[int]()
        answers = engine.generate([Request(order), Request("x")], SAMPLING, done.append)
        assert [answer.text for answer in answers] == [f"4 {order}", "4 x"]  # loaded again by the replacement
        assert done == [2]
        assert len(heard.lines) == 1
        for _ in range(2):  # the second time at once
            with pytest.raises(InfrastructureError, match="no worker is left"):
                engine.generate([Request("die")], SAMPLING)
