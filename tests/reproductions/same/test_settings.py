"""The settings of `acdc same`, and what their processes really compute with."""

import os
from pathlib import Path

import pytest

from acdc.errors import InfrastructureError, InputError
from reproductions.same.kernels import kernels, told
from reproductions.same.settings import chosen, read_settings, stated, unavailable

SETTINGS = read_settings()


def test_there_are_four_settings_and_the_first_one_leaves_the_choice_to_the_libraries() -> None:
    assert list(SETTINGS) == ["default", "compatible", "avx2", "two-threads"]
    assert SETTINGS["default"].environment == {"OMP_NUM_THREADS": "1"}
    assert [setting.threads for setting in SETTINGS.values()] == [1, 1, 1, 2]


def test_a_chosen_setting_comes_with_the_one_it_is_compared_with() -> None:
    assert list(chosen(SETTINGS, [])) == list(SETTINGS)
    assert list(chosen(SETTINGS, ["avx2"])) == ["default", "avx2"]
    with pytest.raises(InputError, match="no such setting; there are default, compatible"):
        chosen(SETTINGS, ["sse"])


def test_a_variable_of_the_shell_does_not_reach_a_setting_that_does_not_name_it() -> None:
    shell = {"OPENBLAS_CORETYPE": "Haswell", "MKL_CBWR": "AVX512", "HOME": "/root"}
    assert stated(SETTINGS["default"], SETTINGS, shell) == {"HOME": "/root", "OMP_NUM_THREADS": "1"}
    assert stated(SETTINGS["compatible"], SETTINGS, shell)["OPENBLAS_CORETYPE"] == "Prescott"


def test_a_processor_without_avx2_leaves_that_setting_out(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("processor : 0\nflags\t\t: fpu sse sse2\n")
    new.write_text("processor : 0\nflags\t\t: fpu sse sse2 avx2\n")
    assert unavailable(SETTINGS["avx2"], old) == "this processor has no avx2"
    assert not unavailable(SETTINGS["avx2"], new)
    assert not unavailable(SETTINGS["compatible"], old)
    assert not unavailable(SETTINGS["avx2"], tmp_path / "no such system")


def test_settings_that_are_none_are_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    for text in ("{}", "a: {says: x}\n", "a: {says: x}\nb: {say: x}\n", "a: {says: x}\nb: {says: x\n"):
        path.write_text(text)
        with pytest.raises(InputError, match=r"settings\.yaml"):
            read_settings(path)


def test_the_compatible_setting_takes_effect_in_every_library() -> None:
    found = kernels(stated(SETTINGS["compatible"], SETTINGS, os.environ), 1)
    assert (found.torch, found.numpy, found.threads) == ("DEFAULT", "baseline", 1)
    assert found.mkl in ("COMPATIBLE", "not told")
    assert found.onednn in ("Intel SSE4.1", "not told")
    assert not found.differ(found)


def test_what_a_library_does_not_tell_is_said_to_be_untold() -> None:
    line = '{"torch": "AVX2", "openblas": "Haswell", "numpy": "X86_V3", "threads": 2, "bits": {"sums": "1"}}'
    bare = told(f"{line}\n")
    assert str(bare) == "torch AVX2, MKL not told, oneDNN not told, OpenBLAS Haswell, NumPy X86_V3, 2 threads"
    verbose = (
        "MKL_VERBOSE oneMKL 2024.0\nMKL_VERBOSE SGEMM(N,N,96) 1us CNR:COMPATIBLE Dyn:1\n"
        f"onednn_verbose,v1,info,cpu,isa:Intel AVX2\n{line}\n"
    )
    full = told(verbose)
    assert (full.mkl, full.onednn) == ("COMPATIBLE", "Intel AVX2")
    assert bare.differ(told(line.replace('"1"', '"2"'))) == ["sums"]


def test_an_environment_in_which_nothing_can_be_computed_is_told() -> None:
    with pytest.raises(InfrastructureError, match="nothing can be computed"):
        kernels({**os.environ, "NPY_DISABLE_CPU_FEATURES": "X86_V2"}, 1)
