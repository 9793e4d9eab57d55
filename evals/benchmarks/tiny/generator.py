"""Draws the questions of the tiny suite: the skills are those of training, the surface or the inputs are not.

Longer inputs, other alphabets and new compositions would be further out, and at the floor for models this small. Inputs
are long enough that guessing pays little (:mod:`evals.benchmarks.tiny.guessing` says how little); no skill is asked
twice about the same inputs within a benchmark.

Guarantees: a benchmark's questions depend on its name, the seed and the count alone, and the first n of more are the
same; no question occurs in training, for its wording or its inputs cannot. Not guaranteed, but nearly always so: that
two benchmarks share no inputs.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from acdc.files import write_text
from acdc.streams import stream
from acdc.tiny.skills import SKILLS, Item, Skill, program_cases, worded
from evals.benchmarks.tiny.guessing import forms, guess_rates

if TYPE_CHECKING:
    from datasets import Dataset


Row = dict[str, Any]
DEFAULT_COUNT = 64
CASES = 5
LEAST_FORMS = 60
"""Questions whose answer is one of fewer, for a model that knows its form, are drawn again."""
OTHERS = 500

_DIRECT = ("reverse", "sort", "shift", "add", "evens")
_LETTERS = ("reverse", "sort", "shift")


def _seen(rng: np.random.Generator, skill: Skill) -> str:
    return skill.phrasings[int(rng.integers(len(skill.phrasings)))]


def _held_out(rng: np.random.Generator, skill: Skill) -> str:
    return skill.held_out[int(rng.integers(len(skill.held_out)))]


def _arguments(skill: Skill) -> str:
    return " and ".join(f"{{{i}}}" for i in range(skill.arity))


def _colon(rng: np.random.Generator, skill: Skill) -> str:
    return f"{skill.word}: {_arguments(skill)}"


def _question(rng: np.random.Generator, skill: Skill) -> str:
    return _seen(rng, skill) + "?"


def _capital(rng: np.random.Generator, skill: Skill) -> str:
    return _seen(rng, skill).replace(skill.word, skill.word.capitalize())


def _few_letters(rng: np.random.Generator, skill: Skill) -> tuple[str, ...]:
    """Six or seven letters out of three, or seven or eight digits out of three, an even one among them."""
    letters = skill.name in _LETTERS
    size = int(rng.integers(6, 8)) + (not letters)
    while True:
        few = rng.choice(10, size=3, replace=False)
        drawn = [int(few[int(i)]) for i in rng.integers(0, 3, size)]
        if len(set(drawn)) == 3 and any(digit % 2 == 0 for digit in drawn):
            break
    return ("".join("abcdefghij"[i] for i in drawn),) if letters else (" ".join(map(str, drawn)),)


def _drawn(difficulties: tuple[int, ...]) -> Callable[[np.random.Generator, Skill], tuple[str, ...]]:
    def draw(rng: np.random.Generator, skill: Skill) -> tuple[str, ...]:
        return skill.draw(rng, difficulties[int(rng.integers(len(difficulties)))])

    return draw


_HARD = _drawn((3, 4, 5))


@dataclass(frozen=True)
class Shift:
    """One way out of the distribution: which skills, worded how, on which arguments."""

    skills: tuple[str, ...]
    wording: Callable[[np.random.Generator, Skill], str]
    arguments: Callable[[np.random.Generator, Skill], tuple[str, ...]]


SHIFTS: dict[str, Shift] = {
    "tiny_phrasing": Shift(_DIRECT, _held_out, _HARD),
    "tiny_colon": Shift(_DIRECT, _colon, _HARD),
    "tiny_question": Shift(_DIRECT, _question, _HARD),
    "tiny_capital": Shift(_DIRECT, _capital, _HARD),
    "tiny_repeats": Shift((*_LETTERS, "evens"), _seen, _few_letters),
    "tiny_choice": Shift(("choose",), _held_out, _drawn((5,))),
    "tiny_reasoning": Shift(("total", "tidy"), _held_out, _drawn((3, 4, 5))),
    "tiny_programs": Shift(("text_code", "number_code"), _held_out, _drawn((5,))),
}


def rows(benchmark: str, seed: int, count: int = DEFAULT_COUNT) -> list[Row]:
    """The questions of one benchmark.

    Args:
        benchmark: One of :data:`SHIFTS`.
        seed: Data seed.
        count: How many; skills take turns.

    Returns:
        Each with `id`, `question`, `answer`, `skill` and `args`; programs besides with `source` and `task`, the task
        family and the name of its example whose `score` judges an answer in the sandbox.
    """
    shift = SHIFTS[benchmark]
    made: list[Row] = []
    asked: set[tuple[str, ...]] = set()
    for index in range(count):
        rng = stream(seed, "tiny suite", benchmark, index)
        skill = SKILLS[shift.skills[index % len(shift.skills)]]
        while True:
            args = shift.arguments(rng, skill)
            if (skill.name, *args) not in asked and forms(skill.name, args) >= LEAST_FORMS:
                break
        asked.add((skill.name, *args))
        made.append(_row(f"{index:03d}", worded(skill, args, shift.wording(rng, skill)), rng))
    return made


def _row(id: str, item: Item, rng: np.random.Generator) -> Row:
    row: Row = {
        "id": id,
        "question": item.phrase,
        "answer": item.answer,
        "skill": item.skill,
        "args": list(item.args),
    }
    if SKILLS[item.skill].kind == "program":
        cases = [list(case) for case in program_cases(rng, SKILLS[item.skill], item.args, CASES)]
        template = Template(
            resources.files("evals.benchmarks.tiny").joinpath("program_task.txt").read_text("utf-8")
        )
        row |= {"source": template.substitute(question=repr(item.phrase), cases=repr(cases)), "task": "1"}
    return row


def dataset(benchmark: str, seed: int = 0, count: int = DEFAULT_COUNT, **_: Any) -> "dict[str, Dataset]":
    """The same as a `datasets` dictionary, for lm-eval used on its own (`custom_dataset` of the YAML files)."""
    from datasets import Dataset

    return {"test": Dataset.from_list(rows(benchmark, seed, count))}


def generate(out: Path, seed: int, count: int = DEFAULT_COUNT) -> dict[str, Path]:
    """Writes every benchmark as JSON lines, and the guess rates beside them.

    Returns:
        The file of each benchmark; `out/guess_rates.json` holds what
        :func:`evals.benchmarks.tiny.guessing.guess_rates` says of each.
    """
    files, rates = {}, {}
    for benchmark in SHIFTS:
        made = rows(benchmark, seed, count)
        files[benchmark] = out / f"{benchmark}.jsonl"
        write_text(files[benchmark], "".join(json.dumps(row) + "\n" for row in made))
        rates[benchmark] = guess_rates(made, rows(benchmark, seed + 1, OTHERS))
    write_text(out / "guess_rates.json", json.dumps(rates, indent=2) + "\n")
    return files
