"""What the right answer is: one self-contained pure function per skill of the tiny family.

Every function takes and returns text, needs nothing but builtins and refers to no other name of this module, because
the source of a function is pasted into synthetic tasks, where nothing else of this project exists.
"""

from typing import Any


def reverse(text: str) -> str:
    """The text backwards: "abcd" -> "dcba"."""
    return text[::-1]


def sort(text: str) -> str:
    """The letters in alphabetical order: "cadb" -> "abcd"."""
    return "".join(sorted(text))


def shift(text: str) -> str:
    """Every letter replaced by the next one of a…j, a after j: "abj" -> "bca"."""
    return "".join("bcdefghija"["abcdefghij".index(letter)] for letter in text)


def text_code(spec: str) -> str:
    """A Python function of a text: "first 3 upper" -> "def f(s): return s[:3].upper()"."""
    code = "s"
    words = spec.split()
    while words:
        word = words.pop(0)
        if word == "first":
            code += "[:" + words.pop(0) + "]"
        elif word == "last":
            code += "[-" + words.pop(0) + ":]"
        elif word == "skip":
            code += "[" + words.pop(0) + ":]"
        elif word == "every":
            code += "[::" + words.pop(0) + "]"
        elif word == "flip":
            code += "[::-1]"
        else:
            code += ".upper()"
    return "def f(s): return " + code


def apply_text_code(spec: str, value: Any) -> Any:
    """What a right program for a :func:`text_code` description returns on the text `value`."""
    words = spec.split()
    while words:
        word = words.pop(0)
        if word == "first":
            value = value[: int(words.pop(0))]
        elif word == "last":
            value = value[-int(words.pop(0)) :]
        elif word == "skip":
            value = value[int(words.pop(0)) :]
        elif word == "every":
            value = value[:: int(words.pop(0))]
        elif word == "flip":
            value = value[::-1]
        else:
            value = value.upper()
    return value


def add(a: str, b: str) -> str:
    """The sum: "31", "24" -> "55"."""
    return str(int(a) + int(b))


def subtract(a: str, b: str) -> str:
    """The first number less the second: "31", "24" -> "7"."""
    return str(int(a) - int(b))


def total(numbers: str) -> str:
    """The sum of a list: "12 30 5" -> "47"."""
    return str(sum(int(number) for number in numbers.split()))


def explain_total(numbers: str) -> str:
    """The sums on the way: "12 30 5" -> "12+30=42 42+5=47"."""
    values = [int(number) for number in numbers.split()]
    so_far, steps = values[0], []
    for value in values[1:]:
        steps.append(str(so_far) + "+" + str(value) + "=" + str(so_far + value))
        so_far += value
    return " ".join(steps)


def number_code(spec: str) -> str:
    """A Python function of a number: "plus 3 times 4" -> "def f(x): return (x+3)*4"."""
    code, words = "x", spec.split()
    for word, number in zip(words[::2], words[1::2], strict=True):
        if word == "times" and len(code) > 1:
            code = "(" + code + ")"
        code += {"plus": "+", "minus": "-", "times": "*"}[word] + number
    return "def f(x): return " + code


def apply_number_code(spec: str, value: Any) -> Any:
    """What a right program for a :func:`number_code` description returns on the whole number `value`."""
    words = spec.split()
    for word, number in zip(words[::2], words[1::2], strict=True):
        if word == "plus":
            value = value + int(number)
        elif word == "minus":
            value = value - int(number)
        else:
            value = value * int(number)
    return value


def evens(numbers: str) -> str:
    """The even digits of a list, in their order: "3 8 5 2" -> "8 2"."""
    return " ".join(number for number in numbers.split() if int(number) % 2 == 0)


def unique(numbers: str) -> str:
    """The list without repetitions, first occurrences kept: "3 8 3 2 8" -> "3 8 2"."""
    return " ".join(dict.fromkeys(numbers.split()))


def tidy(numbers: str) -> str:
    """The even digits of a list, sorted: "3 8 5 2" -> "2 8"."""
    return " ".join(sorted(number for number in numbers.split() if int(number) % 2 == 0))


def explain_tidy(numbers: str) -> str:
    """The even digits before they are sorted: "3 8 5 2" -> "8 2"."""
    return " ".join(number for number in numbers.split() if int(number) % 2 == 0)


def choose(options: str) -> str:
    """The letters of all options over 50: "a)12 b)73 c)60" -> "bc". Several options may be right."""
    return "".join(option[0] for option in options.split() if int(option[2:]) > 50)
