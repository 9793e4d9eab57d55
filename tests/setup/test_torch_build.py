"""Which torch `make setup` takes, decided without a network: plans are what pip 26.3 and uv 0.13 printed for torch 2.13.0."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from setup.installers import parse_pip_report, parse_uv_plan
from setup.torch_build import choose, installed_build, is_cpu_build, wanted_build

PLAIN = ["torch==2.13.0", "filelock", "nvidia-cublas<14,>=13; platform_system == 'Linux'"]
LABELLED = ["torch==2.13.0+cpu", "filelock"]
VENV = Path("unused")


@dataclass
class Sources:
    """Installer whose sources are known: what the configured ones and PyTorch's CPU index would bring."""

    configured: list[str]
    index: list[str] = field(default_factory=list)
    name: str = "known"

    def create(self, base: str, venv: Path) -> None:
        raise AssertionError("a decision creates nothing")

    def install(self, venv: Path, requirements: Sequence[str], *, cpu_index: bool = False) -> None:
        raise AssertionError("a decision installs nothing")

    def would_install(self, venv: Path, requirement: str, *, cpu_index: bool = False) -> list[str]:
        return self.index if cpu_index else self.configured


def test_torch_variable_wins_over_what_is_there_and_over_the_gpu() -> None:
    assert wanted_build("cpu", "cuda", gpu=True) == "cpu"
    assert wanted_build("cuda", "cpu", gpu=False) == "cuda"


def test_what_is_there_stays_when_nothing_is_asked_for() -> None:
    assert wanted_build("", "cpu", gpu=True) == "cpu"


def test_a_new_environment_goes_by_the_gpu() -> None:
    assert wanted_build("", "", gpu=True) == "cuda"
    assert wanted_build("", "", gpu=False) == "cpu"


def test_another_value_of_torch_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="TORCH=gpu: expected cpu or cuda"):
        wanted_build("gpu", "", gpu=False)


@pytest.mark.parametrize(
    ("plan", "platform", "cpu"),
    [
        (LABELLED, "linux", True),
        (PLAIN, "linux", False),
        (["torch==2.13.0", "filelock"], "linux", True),
        (["torch==2.13.0+cu130"], "linux", False),
        (PLAIN, "darwin", True),
        ([], "linux", False),
    ],
)
def test_a_cpu_build_is_told_by_its_label_or_by_what_it_needs(
    plan: list[str], platform: str, cpu: bool
) -> None:
    assert is_cpu_build(plan, platform) is cpu


def test_configured_sources_are_asked_first() -> None:
    choice = choose("cpu", "2.13.0", VENV, Sources(LABELLED, LABELLED))
    assert (choice.requirement, choice.cpu_index) == ("torch==2.13.0", False)


def test_pytorchs_own_index_is_asked_second() -> None:
    assert choose("cpu", "2.13.0", VENV, Sources(PLAIN, LABELLED)).cpu_index


@pytest.mark.skipif("sys.platform != 'linux'", reason="only Linux has CUDA packages in the plain build")
def test_without_any_cpu_build_the_size_of_the_plain_one_is_announced() -> None:
    choice = choose("cpu", "2.13.0", VENV, Sources(PLAIN))
    assert not choice.certain
    assert "3 GB" in choice.note
    assert "Ctrl-C" in choice.note


def test_cuda_does_not_accept_a_cpu_build_of_the_same_version() -> None:
    assert choose("cuda", "2.13.0", VENV, Sources(LABELLED)).requirement == "torch===2.13.0"


def test_pips_report_names_the_package_and_what_it_needs_without_extras() -> None:
    report = """{"install": [{"metadata": {"name": "torch", "version": "2.13.0+cpu",
        "requires_dist": ["filelock", "optree>=0.13.0; extra == \\"optree\\""]}}]}"""
    assert parse_pip_report(report) == ["torch==2.13.0+cpu", "filelock"]


def test_uvs_plan_is_read_from_what_it_prints() -> None:
    printed = (
        "Resolved 2 packages in 3ms\nWould install 2 packages\n + filelock==4.2.11\n ~ torch==2.13.0+cpu\n"
    )
    assert parse_uv_plan(printed) == ["filelock==4.2.11", "torch==2.13.0+cpu"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("__version__ = '2.13.0+cpu'\ncuda: Optional[str] = None\n", ("2.13.0", "cpu")),
        ("__version__ = '2.13.0+cu130'\ncuda: Optional[str] = '13.0'\n", ("2.13.0", "cuda")),
    ],
)
def test_the_installed_build_is_read_from_its_files(
    tmp_path: Path, text: str, expected: tuple[str, str]
) -> None:
    file = tmp_path / "lib" / "python3.12" / "site-packages" / "torch" / "version.py"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert installed_build(tmp_path) == expected


def test_no_torch_is_no_build(tmp_path: Path) -> None:
    assert installed_build(tmp_path) is None
