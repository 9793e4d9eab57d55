"""Replies as a scientist of middling talent would give them, by the request alone, in every malformation that models produce."""

import json
import random
import re
from typing import Any

from tests.acdc.chat.chat_server import Answer

SOURCE = '''class TaskFamily:
    """Tasks about "{word}"."""

    @staticmethod
    def get_tasks():
        return {{"1": {{"word": "{word}", "n": {n}}}, "2": {{"word": "{word}s", "n": {n}}}}}

    @staticmethod
    def get_instructions(t):
        return f"Write the word {{t['word']}}. End with a line: Answer: ..."

    @staticmethod
    def score(t, submission):
        return 1.0 if submission.strip("'\\" ") == t["word"] or len(submission) % 3 == t["n"] else 0.0
'''
JUDGED = SOURCE.replace(
    """        return 1.0 if submission.strip("'\\" ") == t["word"] or len(submission) % 3 == t["n"] else 0.0
""",
    """        return {{"instructions": "Write it.", "submission": submission, "criteria": "It is the word " + t["word"]}}
""",
)
WORDS = ("tide", "ember", "gavel", "quartz", "ledger", "falcon", "sonnet", "vector", "harbour", "enzyme")


def reply(body: dict[str, Any]) -> Answer:
    """The answer to one call, a function of the call."""
    user = body["messages"][1]["content"]
    draw = random.Random(json.dumps(body, sort_keys=True))
    if '"interesting"' in user:
        return Answer(
            text=draw.choice(['{"thought": "t", "interesting": true}', "Yes! {'interesting': False,}", "Hm."])
        )
    if "GIBBERISH" in user:
        sign = re.search(r"^(J[0-9a-f]{16}) READABLE$", user, re.MULTILINE)
        assert sign is not None
        return Answer(text=f"All of it is prose.\n{sign[1]} READABLE")
    sign = re.search(r"^(J[0-9a-f]{16}) PASS$", user, re.MULTILINE)
    if sign is not None:
        word = re.search(r"It is the word (\w+)", user)
        right = word is not None and f"{sign[1]}-A| {word[1]}\n" in user
        return Answer(text=f"I see.\n{sign[1]} {'PASS' if right or draw.random() < 0.3 else 'FAIL'}")
    if "# What to write" not in user:
        word = re.search(r"Write the word (\w+)\.", user)
        known = word is not None and draw.random() < 0.8
        return Answer(text=f"Answer: {word[1] if word and known else 'no'}")
    return Answer(text=_spoilt(draw, "is judged by another language model" in user), finish="stop")


def draft(draw: random.Random, judged: bool = False) -> dict[str, Any]:
    """A task family that works; where somebody judges, two of three ask for a judgement."""
    word = draw.choice(WORDS) + draw.choice(WORDS)
    source = JUDGED if judged and draw.random() < 0.67 else SOURCE
    return {
        "thought": "A {word} is worth asking for.",
        "name": f"write {word}",
        "description": f"Write {word} as it stands there, in a letter about {draw.choice(WORDS)}.",
        "capability": f"copying: {draw.choice(WORDS)} {draw.choice(WORDS)}",
        "difficulty": draw.randint(1, 5),
        "example_instruction": "…",
        "is_code": False,
        "source": source.format(word=word, n=draw.randint(0, 2)),
        "done": True,
    }


def _spoilt(draw: random.Random, judged: bool) -> str:
    value = draft(draw, judged)
    text = json.dumps(value, indent=1, ensure_ascii=draw.random() < 0.5)
    kind = draw.randrange(9)
    if kind == 0:
        return f"Here is my {{best}} task:\n```json\n{text}\n```\nI hope it serves."
    if kind == 1:
        return text[:-2] + ",\n}"
    if kind == 2:
        return text[: draw.randrange(len(text))]
    if kind == 3:
        return json.dumps({**value, "source": f"```python\n{value['source']}```"})
    if kind == 4:
        return text.replace('"name"', "“name”").replace('"thought"', "“thought”")
    if kind == 5:
        rest = {name: one for name, one in value.items() if name != "source"}
        return f"{json.dumps(rest)}\n\n```python\n{value['source']}\n```"
    if kind == 6:
        return json.dumps({**value, "source": value["source"].replace("return 1.0", "retrun 1.0")})
    if kind == 7:
        return "I would rather not."
    return text
