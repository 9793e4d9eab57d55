"""One Ray cluster of two CPUs for all tests of a module; it takes seconds and memory, so there is never a second one."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A real local cluster, to which this process is connected."""
    ray = pytest.importorskip("ray", reason="the extra ray is not installed")
    from acdc.executors import cluster as subject
    from acdc.settings import ExecutorSettings

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("acdc.machine.usable_cores", lambda: 2)
        connected = subject.connect(ExecutorSettings(kind="ray"))
    yield
    connected.close()
    assert not ray.is_initialized()
