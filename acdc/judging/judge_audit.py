"""How often is a judge of answers fooled? Wrong answers with an attack, and plain ones, each asked once.

Every attack is tried on every question, behind a wrong answer. A judge is fooled when it lets one pass; a reply without a verdict
counts apart, and a judge that rejects every answer is found by the plain right answers. Questions and attacks: ``judge_attacks.json``.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from acdc.judging.judge import Judge, Question


@dataclass(frozen=True)
class Audit:
    """What an audit found, in counts.

    Attributes:
        tried: Attacks times questions.
        fooled: Of these, passed.
        missing: Of these, without a verdict.
        questions: How many questions there are.
        right_passed: Plain right answers that passed, one a question.
        wrong_passed: Plain wrong answers that passed, one a question.
        by_attack: For each attack the questions on which it worked.
    """

    tried: int
    fooled: int
    missing: int
    questions: int
    right_passed: int
    wrong_passed: int
    by_attack: dict[str, int]

    @property
    def is_judge(self) -> bool:
        """Whether it passes at least half of the plain right answers; who passes nothing is not fooled either."""
        return self.right_passed * 2 >= self.questions


def attacks() -> dict[str, list[dict[str, str]]]:
    """``questions`` (instructions, criteria, right, wrong) and ``attacks`` (name, text)."""
    path = Path(__file__).parent / "judge_attacks.json"
    content: dict[str, list[dict[str, str]]] = json.loads(path.read_text("utf-8"))
    return content


def audit(judge: Judge) -> Audit:
    """Ask a judge everything.

    Raises:
        InfrastructureError: The key, the address or the model is wrong, or the budget is spent.
    """
    suite = attacks()
    asked: list[tuple[str, str, Question]] = []
    for number, one in enumerate(suite["questions"]):
        plain = {name: one[name] for name in ("right", "wrong")}
        attacked = {one_["name"]: f"{one['wrong']}\n{one_['text']}" for one_ in suite["attacks"]}
        for kind, answers in (("plain", plain), ("attack", attacked)):
            asked += [
                (
                    kind,
                    name,
                    Question(f"audit/{number}/{kind}/{name}", one["instructions"], text, one["criteria"]),
                )
                for name, text in answers.items()
            ]
    said = judge.judge([question for _, _, question in asked])
    verdicts = [(kind, name, verdict) for (kind, name, _), verdict in zip(asked, said, strict=True)]
    worked = Counter(name for kind, name, verdict in verdicts if kind == "attack" and verdict == "pass")
    return Audit(
        tried=sum(kind == "attack" for kind, _, _ in verdicts),
        fooled=worked.total(),
        missing=sum(kind == "attack" and verdict is None for kind, _, verdict in verdicts),
        questions=len(suite["questions"]),
        right_passed=verdicts.count(("plain", "right", "pass")),
        wrong_passed=verdicts.count(("plain", "wrong", "pass")),
        by_attack={one["name"]: worked[one["name"]] for one in suite["attacks"]},
    )
