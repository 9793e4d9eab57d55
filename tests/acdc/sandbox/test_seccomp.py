"""The filter's own logic, walked instruction by instruction: also for the machine that the tests do not run on."""

import struct

import pytest

from acdc.sandbox.inside import seccomp

ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026


def decide(machine: str, number: int, third: int = 0, arch: int | None = None) -> int:
    """Interprets the filter for one system call (the subset of classic BPF that it uses)."""
    code = seccomp.program(machine)
    data = struct.pack("=IIQ6Q", number, arch or seccomp.ARCHITECTURES[machine][0], 0, 0, 0, third, 0, 0, 0)
    position = accumulator = 0
    while True:
        operation, yes, no, operand = struct.unpack_from("=HBBI", code, 8 * position)
        position += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, operand)
        elif operation == 0x54:
            accumulator &= operand
        elif operation == 0x15:
            position += yes if accumulator == operand else no
        elif operation == 0x35:
            position += yes if accumulator >= operand else no
        elif operation == 0x06:
            return operand


@pytest.mark.parametrize(("machine", "column"), [("x86_64", 0), ("aarch64", 1)])
def test_every_call_of_the_tables_is_decided_as_they_say(machine: str, column: int) -> None:
    for table, verdict in ((seccomp.ALLOWED, ALLOW), (seccomp.DEADLY, KILL)):
        for row in table.values():
            number = row[column]
            if number is not None:
                assert decide(machine, number) == verdict


@pytest.mark.parametrize(("machine", "column"), [("x86_64", 0), ("aarch64", 1)])
def test_every_other_call_fails(machine: str, column: int) -> None:
    known = {
        row[column] for t in (seccomp.ALLOWED, seccomp.DEADLY, seccomp.NOT_EXECUTABLE) for row in t.values()
    }
    for number in set(range(600)) - known:
        assert decide(machine, number) == (ENOSYS if number == 435 else EPERM)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_memory_is_mapped_only_without_the_right_to_execute(machine: str) -> None:
    for row in seccomp.NOT_EXECUTABLE.values():
        number = row[seccomp.ARCHITECTURES[machine][1]]
        assert [decide(machine, number, prot) for prot in (0, 1, 3, 4, 5, 7)] == [ALLOW] * 3 + [EPERM] * 3


def test_another_architecture_and_the_x32_numbers_are_deadly() -> None:
    assert decide("x86_64", 1, arch=0x40000003) == KILL
    assert decide("x86_64", 0x40000000 + 1) == KILL
    assert decide("aarch64", 64, arch=0xC000003E) == KILL


def test_no_call_is_in_two_tables() -> None:
    for column in (0, 1):
        numbers = [
            row[column]
            for table in (seccomp.ALLOWED, seccomp.DEADLY, seccomp.NOT_EXECUTABLE)
            for row in table.values()
            if row[column] is not None
        ]
        assert len(numbers) == len(set(numbers))
