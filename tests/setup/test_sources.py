"""uv must look where pip is configured to look, and find the build of torch that the machine can use."""

from pathlib import Path

import pytest

from setup.environment import SetupError, torch_build, uv_variables, wanted_torch

LISTED = """\
:env:.find-links='/other'
global.cert='/etc/ca.pem'
global.extra-index-url='https://a.example/simple\\nhttps://b.example/simple'
global.find-links='/wheels'
global.index-url='https://mirror.example/simple'
global.progress-bar='off'
install.trusted-host='a.example b.example'
global.timeout='180'
"""


def test_every_source_of_pip_becomes_a_variable_of_uv() -> None:
    assert uv_variables(LISTED) == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://a.example/simple https://b.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/other",
        "UV_INSECURE_HOST": "a.example b.example",
        "SSL_CERT_FILE": "/etc/ca.pem",
        "UV_HTTP_TIMEOUT": "180",
    }


def test_several_folders_of_wheels_are_several_for_uv() -> None:
    assert uv_variables("global.find-links='/a /b'\n") == {"UV_FIND_LINKS": "/a,/b"}


def test_without_configuration_uv_is_told_nothing() -> None:
    assert uv_variables("") == {}


def test_torch_variable_wins_over_what_is_there() -> None:
    assert wanted_torch("cpu", "cuda") == "cpu"
    assert wanted_torch("cuda", "cpu") == "cuda"


def test_the_build_that_is_there_stays_when_nothing_is_asked_for() -> None:
    assert wanted_torch("", "cuda") == "cuda"


@pytest.mark.parametrize(
    ("prints", "build"), [("GPU 0: NVIDIA H200", "cuda"), ("No devices were found", "cpu"), (None, "cpu")]
)
def test_a_new_environment_goes_by_the_gpu(
    prints: str | None, build: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if prints:
        stand_in(tmp_path / "nvidia-smi", f'echo "{prints}"')
    assert wanted_torch("", "") == build


def test_another_value_of_torch_is_refused_by_name() -> None:
    with pytest.raises(SetupError, match="TORCH=gpu: expected cpu or cuda"):
        wanted_torch("gpu", "")


def stand_in(file: Path, script: str) -> list[str]:
    """A program that does what ``script`` says."""
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return [str(file)]


def test_the_configured_sources_are_asked_first_for_a_cpu_build(tmp_path: Path) -> None:
    uv = stand_in(tmp_path / "uv", "exit 0")
    assert torch_build(tmp_path, "2.13.0", "cpu", uv, {}) == ["torch==2.13.0+cpu"]


def test_pytorchs_own_index_is_asked_second(tmp_path: Path) -> None:
    uv = stand_in(tmp_path / "uv", 'case "$*" in *"--torch-backend cpu"*) exit 0;; esac; exit 1')
    assert torch_build(tmp_path, "2.13.0", "cpu", uv, {}) == ["torch==2.13.0+cpu", "--torch-backend", "cpu"]


def test_without_any_cpu_build_the_size_of_the_plain_one_is_announced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uv = stand_in(tmp_path / "uv", "exit 1")
    assert torch_build(tmp_path, "2.13.0", "cpu", uv, {}) == ["torch==2.13.0"]
    told = capsys.readouterr().err
    assert "3 GB" in told
    assert "Ctrl-C" in told
    assert "PIP_FIND_LINKS" in told


def test_a_cpu_build_that_is_there_is_kept_without_asking(tmp_path: Path) -> None:
    (tmp_path / "lib" / "python3.12" / "site-packages" / "torch-2.13.0+cpu.dist-info").mkdir(parents=True)
    uv = stand_in(tmp_path / "uv", "exit 1")
    assert torch_build(tmp_path, "2.13.0", "cpu", uv, {}) == ["torch==2.13.0+cpu"]


def test_cuda_does_not_accept_a_cpu_build_of_the_same_version(tmp_path: Path) -> None:
    assert torch_build(tmp_path, "2.13.0", "cuda", ["false"], {}) == ["torch===2.13.0"]
