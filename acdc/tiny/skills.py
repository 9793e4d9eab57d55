"""What the tiny family can learn: twelve skills in three domains, and chains of two of them.

Training data, the grammar scientist and the out-of-distribution suite all draw their questions here, so that "seen in
training" is a property of one file. A skill's questions are worded by templates that all skills share. Each skill is
trained on three of the five; the other two are held out for it, which makes a held-out wording one whose words and
template the models know, but never together.

Letters are a…j and lists hold single digits: unseen alphabets and longer inputs are at the floor for models this small
and would measure noise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from acdc.tiny import draws, solvers

Kind = Literal["direct", "reasoned", "choice", "program"]
Draw = Callable[[np.random.Generator, int], tuple[str, ...]]

DOMAINS = ("strings", "arithmetic", "lists")

TEMPLATES = ("{op} {x}", "{x} {op}", "{op} of {x}", "do {op} on {x}", "give {op} for {x}")

ANSWER_MARK = "Answer: "


@dataclass(frozen=True)
class Item:
    """One question.

    Attributes:
        skill: Name of the skill, or "first+second" for a chain.
        args: The inputs as text.
        phrase: What a user would type.
        answer: The final answer alone; for programs, one right program out of many.
        rationale: The steps before the answer, "" where the skill has none.
    """

    skill: str
    args: tuple[str, ...]
    phrase: str
    answer: str
    rationale: str = ""

    @property
    def reply(self) -> str:
        """The whole text that a model should answer: the rationale, then a line that begins with "Answer: "."""
        return f"{self.rationale}\n{ANSWER_MARK}{self.answer}" if self.rationale else self.answer


@dataclass(frozen=True)
class Skill:
    """One thing to be able to do.

    Attributes:
        name: Unique name, and the word by which questions ask for it ("_" is written as a space).
        domain: One of :data:`DOMAINS`.
        kind: direct (the answer alone), reasoned (steps, then "Answer: X"), choice (letters of the right options) or
            program (a Python function `f` of one argument, judged by what it returns).
        solve: Self-contained function from the arguments to the answer (see :mod:`acdc.tiny.solvers`).
        draw: `draw(rng, difficulty)` gives arguments at difficulty 1…5, all inside the training distribution.
        phrasings: Format strings over the arguments, as seen in training.
        held_out: Format strings that never occur in training.
        explain: For reasoned skills, from the arguments to the rationale.
        apply: For programs, `apply(*args, value)`: what a right program returns on `value`.
        inputs: For programs, draws values to try a program on.
        parts: The two skills of a chain: `second.solve(first.solve(*args[:k]), *args[k:])` with k =
            `len(args) - (second.arity - 1)`; empty otherwise.
        arity: Number of arguments.
    """

    name: str
    domain: str
    kind: Kind
    solve: Callable[..., str]
    draw: Draw
    phrasings: tuple[str, ...]
    held_out: tuple[str, ...]
    explain: Callable[..., str] | None = None
    apply: Callable[..., Any] | None = None
    inputs: Callable[[np.random.Generator], Any] | None = None
    parts: "tuple[Skill, ...]" = ()
    arity: int = 1

    @property
    def word(self) -> str:
        """The word or words by which questions ask for this skill."""
        return self.name.replace("_", " ")


def _skill(index: int, name: str, kind: Kind, draw: Draw, arity: int = 1) -> Skill:
    """The skill with its wordings: templates index, index+1 and index+2 (cyclically) are seen, two are held out."""
    arguments = " and ".join(f"{{{i}}}" for i in range(arity))
    worded = [template.format(op=name.replace("_", " "), x=arguments) for template in TEMPLATES]
    ordered = [worded[(index + i) % len(worded)] for i in range(len(worded))]
    return Skill(
        name=name,
        domain=DOMAINS[index // 4],
        kind=kind,
        solve=getattr(solvers, name),
        draw=draw,
        phrasings=tuple(ordered[:3]),
        held_out=tuple(ordered[3:]),
        explain=getattr(solvers, f"explain_{name}", None),
        apply=getattr(solvers, f"apply_{name}", None),
        inputs=getattr(draws, f"input_{name}", None),
        arity=arity,
    )


_TABLE: tuple[tuple[str, Kind, Draw, int], ...] = (
    ("reverse", "direct", draws.letters, 1),
    ("sort", "direct", draws.letters, 1),
    ("shift", "direct", draws.letters, 1),
    ("text_code", "program", draws.text_code, 1),
    ("add", "direct", draws.add, 2),
    ("subtract", "direct", draws.subtract, 2),
    ("total", "reasoned", draws.total, 1),
    ("number_code", "program", draws.number_code, 1),
    ("evens", "direct", draws.digits, 1),
    ("unique", "direct", draws.repeating_digits, 1),
    ("tidy", "reasoned", draws.digits, 1),
    ("choose", "choice", draws.options, 1),
)

SKILLS: dict[str, Skill] = {row[0]: _skill(i, *row) for i, row in enumerate(_TABLE)}

CHAINS: tuple[tuple[str, str], ...] = (
    *((a, b) for a in ("reverse", "sort", "shift") for b in ("reverse", "sort", "shift") if a != b),
    ("add", "subtract"),
    ("evens", "unique"),
    ("unique", "evens"),
)
"""The pairs that are trained. Their two skills share a domain; the second takes what the first returns."""


def chain_phrasings(first: Skill, second: Skill) -> tuple[str, ...]:
    """How chains are worded: the first skill as usual, then the second's word with its further arguments."""
    further = "".join(f" {{{first.arity + i}}}" for i in range(second.arity - 1))
    return tuple(f"{phrasing} then {second.word}{further}" for phrasing in first.phrasings)


def chain(first: Skill, second: Skill) -> Skill:
    """The skill of applying `second` to what `first` returns.

    Its `solve` is a closure: who needs source pastes the two `solve` functions of `parts`.

    Raises:
        ValueError: The skills are of two domains, or one of them is not direct.
    """
    if first.domain != second.domain or first.kind != "direct" or second.kind != "direct":
        raise ValueError(
            f"{first.name} and {second.name} do not chain: both must be direct skills of one domain"
        )

    def solve(*args: str) -> str:
        return second.solve(first.solve(*args[: first.arity]), *args[first.arity :])

    def draw(rng: np.random.Generator, difficulty: int) -> tuple[str, ...]:
        args = first.draw(rng, difficulty - 2 if difficulty > 3 else 1)
        if second.arity == 1:
            return args
        return (*args, str(rng.integers(1, 1 + min(99, int(first.solve(*args))))))

    return Skill(
        name=f"{first.name}+{second.name}",
        domain=first.domain,
        kind="direct",
        solve=solve,
        draw=draw,
        phrasings=chain_phrasings(first, second),
        held_out=(),
        parts=(first, second),
        arity=first.arity + second.arity - 1,
    )


def item(rng: np.random.Generator, skill: Skill | str, difficulty: int, phrasing: str | None = None) -> Item:
    """Draws one question.

    Args:
        rng: Where the arguments and, unless given, the wording come from.
        skill: A skill, or the name of one.
        difficulty: 1…5.
        phrasing: A format string over the arguments; default: one of those seen in training.
    """
    what = SKILLS[skill] if isinstance(skill, str) else skill
    args = what.draw(rng, difficulty)
    if phrasing is None:
        phrasing = what.phrasings[int(rng.integers(len(what.phrasings)))]
    return worded(what, args, phrasing)


def worded(skill: Skill, args: tuple[str, ...], phrasing: str) -> Item:
    """The question with these arguments in this wording."""
    rationale = skill.explain(*args) if skill.explain else ""
    return Item(skill.name, args, phrasing.format(*args), skill.solve(*args), rationale)


def program_cases(
    rng: np.random.Generator, skill: Skill, args: tuple[str, ...], n: int = 6
) -> list[tuple[Any, Any]]:
    """Hidden tests of a program: `n` pairs of an input and what a right program returns on it.

    Raises:
        ValueError: The skill asks for no program.
    """
    if skill.apply is None or skill.inputs is None:
        raise ValueError(f"{skill.name} asks for no program")
    values = [skill.inputs(rng) for _ in range(n)]
    return [(value, skill.apply(*args, value)) for value in values]
