"""The fork server swallows an ImportError and is only slower then: what it is told to import must be there."""

import importlib
from typing import Any

import pytest

from acdc.processes.pool import HEAVY
from evals.answering import jobs


class Asked(Exception):  # noqa: N818
    """Ends the call where workers would start."""


def test_what_the_fork_server_is_told_to_import_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def run_all(*_: object, preload: Any, **__: object) -> None:
        told.extend(preload)
        raise Asked

    nothing: Any = (0, None)
    monkeypatch.setattr(jobs, "_shares", lambda *_: [[0], [1]])
    monkeypatch.setattr(jobs, "run_all", run_all)
    with pytest.raises(Asked):
        jobs.run_jobs([], [nothing, nothing], workers=2)
    assert told == ["evals.answering.preload"]
    for module in (*told, *HEAVY):
        importlib.import_module(module)
