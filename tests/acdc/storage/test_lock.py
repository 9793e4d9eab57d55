"""Two processes on one run directory: the second stops at once and says who holds it."""

import subprocess
import sys
from pathlib import Path

import pytest

from acdc.errors import InfrastructureError
from acdc.storage.lock import hold, holder

HOLD = "import sys, pathlib, acdc.storage.lock\nwith acdc.storage.lock.hold(pathlib.Path(sys.argv[1])):\n print('held', flush=True)\n sys.stdin.read()"


def test_the_second_process_is_told_the_pid_of_the_first(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert holder(tmp_path) == process.pid
        with pytest.raises(InfrastructureError, match=str(process.pid)), hold(tmp_path):
            pass
        process.kill()
        process.wait()
        assert holder(tmp_path) is None
        with hold(tmp_path):
            pass


def test_a_directory_without_a_process_has_no_holder(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
