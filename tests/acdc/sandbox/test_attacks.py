"""What confinement is for: some fifty attacks, one property each, with every layer switched off in turn.

An attack is stopped where it ends with one of the errors named beside it, or returns that it did not get through. `only` names
the one layer that stops it; without that layer the attack is not run, and docs/sandbox.md says so.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from acdc.sandbox import Job, Sandbox

SOURCE = (Path(__file__).parent / "attacks" / "score_attacks.py").read_text()
FOILED = ("exception", "killed")
OFF = ("nothing", "namespaces", "user", "landlock", "seccomp", "rlimits", "behind_sandlock")
SANDLOCK = importlib.util.find_spec("sandlock") is not None


@dataclass(frozen=True)
class Attack:
    """Errors that an attack may end with; an attack that returns False was foiled without one, if `quietly`."""

    errors: tuple[str, ...] = FOILED
    quietly: bool = True
    only: str | None = None
    hurried: bool = False


HANGS = Attack(("timeout",), quietly=False, hurried=True)
FORGES = Attack(("protocol",), quietly=False)
MEMORY = Attack(("memory", "killed"), quietly=False, only="rlimits")
PRINTS = Attack(("output",), quietly=False)

ATTACKS = {
    "read_a_file": Attack(),
    "read_a_file_by_raw_system_call": Attack(),
    "write_a_file": Attack(),
    "list_a_directory": Attack(),
    "import_from_disk": Attack(),
    "read_the_environment_of_the_process": Attack(),
    "read_the_environment": Attack(),
    "connect_by_tcp": Attack(),
    "send_by_udp": Attack(),
    "open_a_local_socket": Attack(),
    "fork": Attack(),
    "fork_bomb": Attack(),
    "start_a_thread": Attack(),
    "execute_a_program": Attack(),
    "allocate_4_gb": MEMORY,
    "hoard_small_objects": MEMORY,
    "map_executable_memory": Attack(only="seccomp"),
    "make_memory_executable": Attack(only="seccomp"),
    "write_to_a_file_without_a_name": Attack(),
    "share_memory_with_the_next_job": Attack(only="seccomp"),
    "duplicate_descriptors": Attack(),
    "loop_forever": HANGS,
    "loop_forever_deaf_to_signals": HANGS,
    "sleep_forever": HANGS,
    "ask_for_answers_forever": HANGS,
    "print_1_gb": PRINTS,
    "write_1_gb_to_standard_output": PRINTS,
    "exit_with_a_forged_score": FORGES,
    "exit_with_a_forged_frame": FORGES,
    "exit_at_once": FORGES,
    "exit_politely": Attack(("exception",), quietly=False),
    "close_every_descriptor": FORGES,
    "crash_by_deep_recursion": Attack(("killed", "memory", "exception"), quietly=False),
    "crash_by_null_pointer": Attack(("killed",), quietly=False),
    "kill_the_worker": Attack(),
    "kill_the_trusted_process": Attack(),
    "kill_everybody": Attack(),
    "stop_the_worker": Attack(),
    "trace_the_worker": Attack(),
    "read_memory_of_the_worker": Attack(),
    "mount_a_file_system": Attack(),
    "enter_a_new_user_namespace": Attack(only="seccomp"),
    "become_root": Attack(),
    "raise_the_limits": Attack(),
    "system_call_by_its_x32_number": Attack(),
    "raise_an_error_that_cannot_be_printed": Attack(("exception",), quietly=False),
    "ask_for_an_answer_in_the_wrong_shape": Attack(("protocol",)),
}


@pytest.mark.parametrize("off", OFF)
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_stopped_also_without_any_one_layer(
    name: str,
    off: str,
    box_without: Callable[[str, bool], Sandbox],
    aimed: str,
    reverse: str,
    host: dict[str, object],
) -> None:
    attack = ATTACKS[name]
    if off == attack.only:
        pytest.skip(f"{off} is the only layer that stops this")
    if off == "behind_sandlock" and not SANDLOCK:
        pytest.skip("sandlock is not installed")
    box = box_without(off, attack.hurried)
    (outcome,) = box.score([Job(SOURCE, name, aimed)])
    if attack.quietly and outcome.error is None:
        assert outcome.score == 0.0
    else:
        assert outcome.error in attack.errors, outcome
    assert not Path(str(host["loot"])).exists()
    # A worker that had died would have been replaced: the attack would have cost something.
    assert box._scorer.starts == 1
    assert [o.score for o in box.score([Job(reverse, "1", "cba"), Job(reverse, "1", name + off)])] == [
        1.0,
        0.0,
    ]


@pytest.mark.parametrize("name", ["return_an_object_that_poses_as_a_number", "return_text"])
def test_what_is_no_number_is_no_score(name: str, box: Sandbox, aimed: str) -> None:
    (outcome,) = box.score([Job(SOURCE, name, aimed)])
    assert (outcome.score, outcome.error) == (None, None)
    assert outcome.detail.startswith("score returned ")


def test_a_score_outside_its_range_is_handed_on_as_it_is(box: Sandbox, aimed: str) -> None:
    seven, nan, huge = box.score(
        [Job(SOURCE, f"return_{name}", aimed) for name in ("seven", "nan", "a_huge_integer")]
    )
    assert seven.score == 7.0
    assert nan.score is not None
    assert nan.score != nan.score
    assert huge.score == float("inf")


def test_builtins_and_json_patched_by_one_job_do_not_fool_the_next(box: Sandbox, reverse: str) -> None:
    poison = """
import builtins, json, random, sys
json.dumps = lambda *a, **k: '{"score": 1.0}'
builtins.len = builtins.isinstance = builtins.float = lambda *a: 1
sys.modules["task_family"] = sys.modules["acdc.sandbox.inside.child"] = None
class TaskFamily:
    get_tasks = staticmethod(lambda: {"1": {}})
    get_instructions = staticmethod(lambda t: "")
    score = staticmethod(lambda t, submission: 0.5)
"""
    _, second, third = box.score(
        [Job(poison, "1", ""), Job(reverse, "1", "wrong"), Job(reverse, "1", "cba ")]
    )
    assert (second.score, third.score) == (0.0, 0.0)
    assert box.describe(reverse).instructions["1"] == "Reverse abc"


def test_a_task_that_patches_another_familys_score_changes_nothing_for_it(box: Sandbox, reverse: str) -> None:
    patcher = (
        "import sys\n" + reverse + "\nTaskFamily.score = staticmethod(lambda t, s: 1.0)\nsys.marker = 1\n"
    )
    asks = reverse.replace(
        'return 1.0 if submission == t["word"][::-1] else 0.0',
        'import sys; return float(hasattr(sys, "marker"))',
    )
    outcomes = box.score([Job(patcher, "1", "no"), Job(reverse, "1", "no"), Job(asks, "1", "no")])
    assert [o.score for o in outcomes] == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("while True: pass", "timeout"),
        ("import time; time.sleep(3600)", "timeout"),
        ("import os; os._exit(0)", "protocol"),
        ("import os; os.abort()", "killed"),
        ("raise SystemExit", "exception"),
        ("x = bytearray(1 << 32)", "memory"),
        ("import os; [os.write(1, bytes(1 << 16)) for _ in range(64)]", "output"),
    ],
)
def test_a_module_body_is_untrusted_too(
    body: str, error: str, box_without: Callable[[str, bool], Sandbox], reverse: str
) -> None:
    (outcome,) = box_without("nothing", error == "timeout").score([Job(body + reverse, "1", "cba")])
    assert outcome.error == error


def test_the_cpu_limit_ends_a_loop_that_is_deaf_to_its_signal(
    box_without: Callable[[str, bool], Sandbox], aimed: str
) -> None:
    (outcome,) = box_without("nothing", False).score([Job(SOURCE, "loop_forever_deaf_to_signals", aimed)])
    assert outcome.error == "timeout"
    assert "CPU" in outcome.detail
