"""What a task of the grammar scientist asks, and the moves from one plan to another.

A plan is a skill of the tiny family or a chain of two, one of its wordings and a difficulty. It stands in the first line of
the source that is written from it, so that a task in the pool says itself where the scientist can go from there. Only wordings seen
in training are used: the held-out ones belong to the evaluation.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Self, TypeVar

import numpy as np

from acdc.tasks.task_family import TaskFamily, canonical
from acdc.tiny.skills import CHAINS, DOMAINS, SKILLS, Skill, chain

HARDEST = 5
CHAIN_FROM = 4  # difficulty from which chains exist
P_CHAIN = 0.2  # share of chains among fresh plans; the models saw few of them

_MARK = "# plan: "

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """What a task asks.

    Attributes:
        skills: Names of the skill, or of the two of a chain.
        phrasing: Index into the wordings seen in training.
        difficulty: 1 to 5; 4 or 5 for chains.
    """

    skills: tuple[str, ...]
    phrasing: int
    difficulty: int

    @property
    def skill(self) -> Skill:
        """The skill, or the chain."""
        skills = [SKILLS[name] for name in self.skills]
        return skills[0] if len(skills) == 1 else chain(*skills)

    @property
    def line(self) -> str:
        """The first line of a source written from this plan."""
        return _MARK + canonical({**asdict(self), "skills": list(self.skills)})

    @classmethod
    def of(cls, task: TaskFamily | None) -> Self | None:
        """The plan of a task; None for tasks of another scientist."""
        line = "" if task is None else task.source.partition("\n")[0]
        if not line.startswith(_MARK):
            return None
        fields = json.loads(line.removeprefix(_MARK))
        return cls(tuple(fields["skills"]), fields["phrasing"], fields["difficulty"])


def _units(domain: str) -> list[tuple[str, ...]]:
    """Skills, then chains of a domain."""
    singles = [(name,) for name, skill in SKILLS.items() if skill.domain == domain]
    return [*singles, *(pair for pair in CHAINS if SKILLS[pair[0]].domain == domain)]


def _one(rng: np.random.Generator, among: Sequence[T]) -> T:
    return among[int(rng.integers(len(among)))]


def _fitted(plan: Plan) -> Plan:
    """The plan with a wording and a difficulty that its skill has."""
    lowest = 1 if len(plan.skills) == 1 else CHAIN_FROM
    return replace(
        plan,
        phrasing=plan.phrasing % len(plan.skill.phrasings),
        difficulty=min(max(plan.difficulty, lowest), HARDEST),
    )


def anything(rng: np.random.Generator) -> Plan:
    """Any plan: the domain, then a skill or a chain, a wording and a difficulty, each drawn uniformly."""
    units = _units(_one(rng, DOMAINS))
    chained = rng.random() < P_CHAIN
    unit = _one(rng, [unit for unit in units if (len(unit) > 1) == chained])
    lowest = CHAIN_FROM if chained else 1
    return _fitted(Plan(unit, int(rng.integers(100)), int(rng.integers(lowest, HARDEST + 1))))


def anything_but(rng: np.random.Generator, known: Sequence[Plan], tries: int = 50) -> Plan:
    """A plan that is none of the known ones (the last of ``tries`` if all are)."""
    plan = anything(rng)
    for _ in range(tries):
        if plan not in known:
            break
        plan = anything(rng)
    return plan


def similar(plan: Plan, rng: np.random.Generator) -> Plan:
    """The same skill in another wording, or a step up or down."""
    other_words = replace(plan, phrasing=plan.phrasing + 1 + int(rng.integers(2)))
    steps = [replace(plan, difficulty=plan.difficulty + step) for step in (-1, 1)]
    valid = [fitted for one in (other_words, *steps) if (fitted := _fitted(one)) != plan]
    return _one(rng, valid)


def related(plan: Plan, rng: np.random.Generator) -> Plan:
    """Another skill or chain of the same domain, in any wording, at about the same difficulty."""
    units = [unit for unit in _units(plan.skill.domain) if unit != plan.skills]
    chained = len(plan.skills) > 1 or rng.random() < P_CHAIN
    wanted = [unit for unit in units if (len(unit) > 1) == chained] or units
    return _fitted(Plan(_one(rng, wanted), int(rng.integers(100)), plan.difficulty))


def harder(plan: Plan, rng: np.random.Generator) -> Plan | None:
    """One step up; from the top, a chain that begins with the skill; None where there is none."""
    if plan.difficulty < HARDEST:
        return replace(plan, difficulty=plan.difficulty + 1)
    chains = [pair for pair in CHAINS if (pair[0],) == plan.skills]
    return _fitted(Plan(_one(rng, chains), plan.phrasing, CHAIN_FROM)) if chains else None


def easier(plan: Plan) -> Plan | None:
    """One step down; below the lowest chain, its first skill alone; None where there is none."""
    if len(plan.skills) > 1 and plan.difficulty == CHAIN_FROM:
        return _fitted(Plan(plan.skills[:1], plan.phrasing, CHAIN_FROM - 1))
    return replace(plan, difficulty=plan.difficulty - 1) if plan.difficulty > 1 else None
