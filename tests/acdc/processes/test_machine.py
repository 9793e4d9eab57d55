"""The machine is named as a measurement needs it."""

import os

from acdc.processes.machine import memory, this_machine, usable_cores


def test_a_machine_is_named_on_one_line_with_its_cores() -> None:
    line = str(this_machine())
    assert "\n" not in line
    assert f"{usable_cores()} cores" in line


def test_cores_are_those_that_this_process_may_use() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


def test_free_memory_is_a_part_of_all_memory() -> None:
    assert 0 < memory("MemAvailable") < memory()


def test_a_field_that_the_kernel_does_not_have_is_0() -> None:
    assert memory("NoSuchField") == 0
