import pytest
from pydantic import ValidationError

from acdc.sandbox import Layers, Limits, Sandbox, SandboxSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"outer": "jail"},
        {"limit": {}},
        {"limits": {"seconds": 1}},
        {"limits": {"cpu_seconds": 0}},
        {"layers": {"selinux": True}},
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SandboxSettings.model_validate(wrong)


def test_settings_do_not_change_once_made() -> None:
    with pytest.raises(ValidationError):
        SandboxSettings().limits.cpu_seconds = 9  # type: ignore[misc]


def test_every_layer_is_on_by_default() -> None:
    assert all(Layers().model_dump().values())
    assert not SandboxSettings().allow_unsafe


def test_what_is_preloaded_can_be_imported_and_nothing_else_from_disk() -> None:
    source = "def f(name):\n    return __import__(name).__name__"
    with Sandbox.open(SandboxSettings(outer="none", preload=("colorsys", "no_such_module"))) as box:
        assert box.run_answer(source, "f", ["colorsys"]).value == "colorsys"
        assert box.run_answer(source, "f", ["wave"]).error == "exception"


def test_every_default_module_is_there() -> None:
    source = "import importlib\ndef f(names):\n    return [importlib.import_module(name).__name__ for name in names]"
    with Sandbox.open(SandboxSettings(outer="none", limits=Limits(cpu_seconds=5))) as box:
        names = list(SandboxSettings().preload)
        assert box.run_answer(source, "f", [names]).value == names
