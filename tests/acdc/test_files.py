"""A file is there whole, or as it was before."""

import os
import stat
from pathlib import Path

import pytest

from acdc.errors import InfrastructureError, expected
from acdc.files import replacing, write_bytes, write_text


def test_a_file_appears_with_its_folder_as_others_may_read_it(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "notes.txt", "über\n")
    write_bytes(tmp_path / "new" / "raw", b"\x00\r\n")
    assert (tmp_path / "new" / "notes.txt").read_bytes() == "über\n".encode()
    assert (tmp_path / "new" / "raw").read_bytes() == b"\x00\r\n"
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["notes.txt", "raw"]
    before = os.umask(0o022)
    write_text(tmp_path / "mode", "")
    os.umask(before)
    assert stat.S_IMODE((tmp_path / "mode").stat().st_mode) == 0o644


def test_what_was_there_stays_until_the_new_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt):
        _interrupted(path)
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["notes.txt"]


def _interrupted(path: Path) -> None:
    with replacing(path) as file:
        file.write(b"half")
        file.flush()
        assert path.read_text() == "old"
        raise KeyboardInterrupt


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_no_bug_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "with_name", lambda path, name: Path("/dev/full"))
    monkeypatch.setattr(Path, "unlink", lambda path, missing_ok: None)
    with pytest.raises(OSError, match="No space left") as refused:
        write_bytes(tmp_path / "notes.txt", b"x" * 100)
    assert isinstance(expected(refused.value), InfrastructureError)
