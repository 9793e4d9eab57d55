"""The embedded scientist: writes real task families over the tiny family's skills, without any model.

Its tasks are Python source like any other scientist's: solver code, a few example tasks, instructions in a wording that the
tiny models know, and a score that compares, or for programs runs the submission on hidden inputs. It can raise and lower
difficulty, change the skill within a domain, or propose anything. What it cannot do is invent: all it can ask is a skill or
chain, a wording and a difficulty.

Template files: ``grammar/exact.txt``, ``grammar/program.txt``, ``grammar/words.json``.
"""

import hashlib
import inspect
import json
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from acdc.streams import stream
from acdc.tasks import grammar_plan
from acdc.tasks.grammar_plan import Plan, anything, anything_but, easier, harder, related, similar
from acdc.tasks.scientist import Draft, Judgement, Rejection, Request, Unfinished, rejected
from acdc.tasks.settings import ScientistSettings
from acdc.tiny import draws, solvers
from acdc.tiny import skills as tiny

_FILES = Path(__file__).parent / "grammar"


class GrammarScientist:
    """A :class:`acdc.tasks.scientist.Scientist` over :mod:`acdc.tiny.skills`."""

    def __init__(self, settings: ScientistSettings | None = None) -> None:
        self._settings = settings or ScientistSettings()
        self._templates = {name: (_FILES / f"{name}.txt").read_text("utf-8") for name in ("exact", "program")}
        self._words: dict[str, Any] = json.loads((_FILES / "words.json").read_text("utf-8"))

    @cached_property
    def version(self) -> str:
        """Hash of the templates, the words, and the source of the grammar and the skills; examples a family."""
        here = sys.modules[__name__]
        sources = [inspect.getsource(module) for module in (here, grammar_plan, tiny, draws, solvers)]
        content = json.dumps([self._templates, self._words, sources], sort_keys=True)
        digest = hashlib.blake2b(content.encode(), digest_size=8).hexdigest()
        return f"grammar-1/{digest}/{self._settings.examples}"

    def seeds(self) -> list[Draft]:
        """One task each: options, a program, a text, a sum."""
        plans = [
            Plan(tuple(seed["skills"]), seed["phrasing"], seed["difficulty"]) for seed in self._words["seeds"]
        ]
        return [self._draft(plan, stream(0, "grammar seed", i)) for i, plan in enumerate(plans)]

    def propose(self, requests: Sequence[Request]) -> list[Draft | Rejection]:
        """*novel*: unlike the parent and the inspirations; *similar*: a step from the parent."""
        return [self._answer(request) for request in requests]

    def adapt(self, requests: Sequence[Request]) -> list[Draft | Rejection]:
        """*harder*, *easier*: one step, rejected at either end; *related*: the same domain; *free*: anything."""
        return [self._answer(request) for request in requests]

    def solve(self, tasks: Sequence[Unfinished]) -> list[str]:
        """Never asked, since its drafts come with their solutions; of a foreign draft it knows nothing."""
        return ["" for _ in tasks]

    def reflect(self, tasks: Sequence[Unfinished]) -> list[Draft | Rejection]:
        """It cannot repair: what fails its checks is rejected with the feedback."""
        return [rejected(task.request, "self-solve", task.feedback, task.draft) for task in tasks]

    def is_interesting(self, judgements: Sequence[Judgement]) -> list[bool]:
        """Whether fewer than ``alike`` of the neighbours have the very plan of the candidate."""
        return [
            sum(Plan.of(one) == Plan.of(judgement.candidate) for one in judgement.neighbours)
            < self._settings.alike
            for judgement in judgements
        ]

    def _answer(self, request: Request) -> Draft | Rejection:
        rng = np.random.Generator(np.random.PCG64(request.key))
        plan = self._plan(request, rng)
        if plan is None:
            return rejected(request, "reply", f"the grammar has nothing {request.kind}")
        return self._draft(plan, rng)

    def _plan(self, request: Request, rng: np.random.Generator) -> Plan | None:
        parent = Plan.of(request.parent)
        if request.kind == "novel":
            known = (parent, *map(Plan.of, request.inspirations))
            return anything_but(rng, [plan for plan in known if plan is not None])
        if parent is None or request.kind in ("free", "seed"):
            return anything(rng)
        if request.kind == "harder":
            return harder(parent, rng)
        if request.kind == "easier":
            return easier(parent)
        return (similar if request.kind == "similar" else related)(parent, rng)

    def _draft(self, plan: Plan, rng: np.random.Generator) -> Draft:
        skill, words = plan.skill, self._words
        phrasing = skill.phrasings[plan.phrasing]
        inputs = _inputs(skill, plan.difficulty, self._settings.examples, rng)
        parts = skill.parts or (skill,)
        fill = {
            "skill": " then ".join(part.word for part in parts),
            "phrasing": phrasing.format(*words["placeholders"], *words["placeholders"]),
            "level": words["levels"][plan.difficulty - 1],
            "difficulty": str(plan.difficulty),
            "domain": skill.domain,
            "what": words["then"].join(_what(part) for part in parts),
        }
        description = Template(words["description"]).substitute(fill)
        first = tiny.worded(skill, inputs[0], phrasing)
        return Draft(
            source=self._source(plan, skill, inputs, description, rng),
            name=Template(words["name"]).substitute(fill),
            description=description,
            capability=Template(words["capability"]).substitute(fill),
            difficulty=plan.difficulty,
            example_instruction=first.phrase,
            is_code=skill.kind == "program",
            solution=first.reply,
        )

    def _source(
        self,
        plan: Plan,
        skill: tiny.Skill,
        inputs: Sequence[tuple[str, ...]],
        description: str,
        rng: np.random.Generator,
    ) -> str:
        fill = {
            "plan": plan.line.removeprefix("# plan: "),
            "description": description,
            "phrasing": repr(skill.phrasings[plan.phrasing]),
            "questions": repr([list(args) for args in inputs]),
        }
        if skill.apply is not None:
            trials = [[value for value, _ in tiny.program_cases(rng, skill, args)] for args in inputs]
            fill |= {
                "trials": repr(trials),
                "solvers": inspect.getsource(skill.apply),
                "solve": f'{skill.apply.__name__}(*t["inputs"], value)',
            }
            return Template(self._templates["program"]).substitute(fill)
        parts = skill.parts or (skill,)
        names = [part.solve.__name__ for part in parts]
        solve = f"{names[0]}(*inputs[:{parts[0].arity}])"
        if len(parts) == 2:
            solve = f"{names[1]}({solve}, *inputs[{parts[0].arity}:])"
        fill |= {"solvers": "\n\n".join(inspect.getsource(part.solve) for part in parts), "solve": solve}
        return Template(self._templates["exact"]).substitute(fill)


def _inputs(
    skill: tiny.Skill, difficulty: int, count: int, rng: np.random.Generator
) -> list[tuple[str, ...]]:
    """Different inputs, fewer than ``count`` where the skill has no more; copying one of them is no answer if avoidable."""
    drawn = dict.fromkeys(skill.draw(rng, difficulty) for _ in range(20 * count))
    telling = [args for args in drawn if skill.solve(*args) not in args]
    return (telling + [args for args in drawn if args not in telling])[:count]


def _what(skill: tiny.Skill) -> str:
    """What a skill does, from the first line of its solver's docstring, without the example."""
    line = (inspect.getdoc(skill.solve) or skill.word).partition("\n")[0]
    return line.partition(":")[0].rstrip(".")
