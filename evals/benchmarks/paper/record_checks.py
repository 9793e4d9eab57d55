"""What is wrong with a record although its fields are there: `metadata.check` of a task; nothing where it is sound.

No text of a record is repeated: what is said here goes to logs, and GPQA's may not.
"""

import re
from typing import Any

Row = dict[str, Any]
_SHOWN_TESTS = 3  # that MBPP's prompt holds
_SOLVED = re.compile(r"####\s*-?\$?[\d.,]*\d\s*$")


def gsm8k(row: Row) -> str:
    """A solution that ends with the number."""
    if not _SOLVED.search(str(row["answer"])):
        return "its answer names no number behind '####', so that every reply would be wrong"
    return ""


def mmlu(row: Row) -> str:
    """Four options, and the position of the right one."""
    if not isinstance(row["choices"], list) or len(row["choices"]) != 4:
        return "its choices are not four"
    if type(row["answer"]) is not int or row["answer"] not in range(4):  # a bool would be a position
        return "its answer is not a position from 0 to 3"
    return ""


def mmlu_pro(row: Row) -> str:
    """Up to ten options, and the letter of the right one."""
    options = row["options"]
    if not isinstance(options, list) or not 2 <= len(options) <= 10:
        return "its options are not two to ten"
    if row["answer"] not in list("ABCDEFGHIJ"[: len(options)]):
        return f"its answer is not the letter of one of its {len(options)} options"
    return ""


def gpqa(row: Row) -> str:
    """Four options that say something."""
    names = ["Correct Answer", *(f"Incorrect Answer {number}" for number in (1, 2, 3))]
    empty = [name for name in names if not str(row[name]).strip()]
    return f"its {empty[0]} is empty" if empty else ""


def mbpp(row: Row) -> str:
    """As many tests as the prompt shows."""
    if not isinstance(row["test_list"], list) or len(row["test_list"]) < _SHOWN_TESTS:
        return f"its test_list holds fewer than {_SHOWN_TESTS} tests"
    return ""
