"""What the environment of `make test-vllm` is made of."""

from pathlib import Path

from setup.requirements import pinned
from setup.vllm_cpu import PACKAGE, kept

ROOT = Path(__file__).parents[2]


def test_packages_that_break_beside_a_cpu_build_of_torch_are_left_out() -> None:
    asked = [
        "regex",
        "torch==2.13.0+cpu; platform_machine == 'x86_64'",
        'torchaudio; platform_machine != "s390x"',
        "torchvision",
        "torchcodec>=0.14",
        "tokenizers>=0.23.2",
        'zentorch==2.13.0.1; extra == "zen"',
    ]
    assert kept(asked) == ["regex", "tokenizers>=0.23.2"]


def test_the_cpu_build_of_vllm_has_the_version_of_the_gpu_extra() -> None:
    version = pinned((ROOT / "constraints-vllm-cpu.txt").read_text(), PACKAGE)
    assert f'"vllm=={version}"' in (ROOT / "pyproject.toml").read_text()


def test_no_package_is_pinned_twice() -> None:
    names = [
        line.split("==")[0]
        for name in ("constraints.txt", "constraints-vllm-cpu.txt")
        for line in (ROOT / name).read_text().splitlines()
        if "==" in line
    ]
    assert len(set(names)) == len(names)
