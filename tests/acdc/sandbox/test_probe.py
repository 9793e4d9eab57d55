"""Layers are chosen by attack, not by version."""

from collections.abc import Callable, Sequence

import pytest

from acdc.sandbox import Layers, Sandbox, SandboxSettings, SandboxUnavailable, probe
from acdc.sandbox.outcome import Answered
from acdc.sandbox.outer import Outer, candidates

OFF = Layers(namespaces=False, user=False, landlock=False, seccomp=False, rlimits=False)


def test_eight_attacks_are_tried() -> None:
    assert probe.ATTACKS == ("read", "write", "tcp", "udp", "fork", "execute", "signal", "memory")


def test_a_worker_without_any_layer_lets_the_attacks_through_and_is_not_used() -> None:
    with pytest.raises(SandboxUnavailable) as raised:
        Sandbox.open(SandboxSettings(outer="none", layers=OFF))
    for attack in probe.ATTACKS:
        assert attack in str(raised.value)
    assert raised.value.exit_code == 5


def test_unsafe_is_used_where_allowed_and_says_so() -> None:
    with Sandbox.open(SandboxSettings(outer="none", layers=OFF, allow_unsafe=True)) as box:
        assert box.layers[0].startswith("UNSAFE (read, write,")
        assert box.run_answer("def f(): return 1", "f", []).value == 1


def test_the_layers_in_force_are_named(box: Sandbox) -> None:
    assert {"no-new-privs", "seccomp", "rlimits"} <= set(box.layers)
    assert not any(layer.startswith("UNSAFE") for layer in box.layers)


@pytest.mark.parametrize("layer", ["namespaces", "user", "landlock", "seccomp", "rlimits"])
def test_a_layer_that_is_switched_off_is_not_named(
    layer: str, box_without: Callable[[str, bool], Sandbox]
) -> None:
    names = {"user": "no-rights"}
    assert not any(name.startswith(names.get(layer, layer)) for name in box_without(layer, False).layers)


def test_an_attack_that_never_comes_back_is_not_taken_for_stopped() -> None:
    def run(calls: Sequence[tuple[str, str, list[object]]]) -> list[Answered]:
        ends = {"execute": Answered(None, "protocol"), "harmless": Answered(4950)}
        return [ends.get(name, Answered(False)) for _, name, _ in calls]

    assert probe.breaches(run, 64) == ["execute"]


def test_a_worker_that_cannot_compute_is_not_taken_for_a_safe_one() -> None:
    # So little memory that not even honest work is done: nothing gets through, and that proves nothing.
    with pytest.raises(probe.UselessError, match="does not compute"):
        probe.breaches(lambda calls: [Answered(None, "memory")] * len(calls), 64)


def test_an_outer_layer_that_does_not_start_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    (floor,) = candidates("none")
    broken = Outer("broken", ("/bin/false",))
    monkeypatch.setattr("acdc.sandbox.confined.candidates", lambda wanted: iter([broken, floor]))
    with Sandbox.open(SandboxSettings()) as box:
        assert "broken" not in box.layers
        assert box.passed_over == ("broken: the worker ended",)


def test_where_nothing_starts_the_message_says_what_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Outer("broken", ("/bin/sh", "-c", "echo no such luck >&2; exit 1"))
    monkeypatch.setattr("acdc.sandbox.confined.candidates", lambda wanted: iter([broken]))
    with pytest.raises(SandboxUnavailable, match=r"broken: no such luck"):
        Sandbox.open(SandboxSettings(allow_unsafe=True))


def test_on_another_system_the_message_names_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    with pytest.raises(SandboxUnavailable, match="docker run"):
        Sandbox.open()


def test_landlock_alone_keeps_files_and_tcp_out_where_the_kernel_has_it() -> None:
    from acdc.sandbox.inside import landlock

    if landlock.abi() < 4:
        pytest.skip("the kernel's Landlock knows no network")
    layers = OFF.model_copy(update={"landlock": True})
    with Sandbox.open(SandboxSettings(outer="none", layers=layers, allow_unsafe=True)) as box:
        through = box.layers[0]
    assert not any(attack in through for attack in ("read", "write", "tcp", "signal"))
    assert "udp" in through
