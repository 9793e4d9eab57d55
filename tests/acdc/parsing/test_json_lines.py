import gzip
import json
from pathlib import Path

import pytest

from acdc.errors import InputError
from acdc.parsing.json_lines import json_lines


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_record_ends_at_lf_and_nowhere_else(tmp_path: Path, end: str, ascii_only: bool) -> None:
    rows = [{"text": f"a{mark}b"} for mark in "\u2028\u2029\u0085"] + [{"text": "last"}]
    path = tmp_path / "rows.jsonl"
    path.write_bytes("".join(json.dumps(row, ensure_ascii=ascii_only) + end for row in rows).encode())
    assert [row for _, row in json_lines(path)] == rows


def test_an_error_names_the_line_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": "\u2028\u0085"}\n\n{"b": }\n', encoding="utf-8")
    with pytest.raises(InputError, match="line 3"):
        list(json_lines(path))


def test_numbers_count_empty_lines_and_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\n\n{"a": 2}')
    assert list(json_lines(path)) == [(1, {"a": 1}), (3, {"a": 2})]


def test_a_compressed_file_is_read_and_a_cut_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1}\n'))
    assert list(json_lines(path)) == [(1, {"a": 1})]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match="can't be read as JSON lines"):
        list(json_lines(path))


@pytest.mark.parametrize(
    ("content", "said"), [(b"[1]\n", "line 1: expected"), (b"\xff\n", "line 1"), (b'{"a"\n', "line 1")]
)
def test_what_is_no_object_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        list(json_lines(path))
    with pytest.raises(InputError, match="file not found"):
        list(json_lines(tmp_path / "none.jsonl"))
