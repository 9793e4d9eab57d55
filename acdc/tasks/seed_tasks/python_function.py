"""A short Python function, checked by calls."""

# mypy: ignore-errors

PROBLEMS = {
    "1": {
        "function": "longest_plateau",
        "what": "takes a list of integers and returns the length of the longest run of equal neighbouring values (0 for the "
        "empty list)",
        "shown": [[[[1, 1, 2, 2, 2, 3]], 3]],
        "hidden": [[[[]], 0], [[[7]], 1], [[[1, 2, 3]], 1], [[[4, 4, 4, 4]], 4], [[[0, 0, 1, 0, 0, 0]], 3]],
    },
    "2": {
        "function": "initials",
        "what": "takes a full name and returns the first letters of its words in capitals, each followed by a full stop",
        "shown": [[["ada king lovelace"], "A.K.L."]],
        "hidden": [[["Alan Turing"], "A.T."], [["grace   hopper"], "G.H."], [[""], ""], [["x"], "X."]],
    },
    "3": {
        "function": "balanced",
        "what": "takes a text and returns True if its round and square brackets are properly nested and closed, else False; all "
        "other characters are ignored",
        "shown": [[["a(b[c]d)"], True], [["(]"], False]],
        "hidden": [[[""], True], [["([)]"], False], [["(("], False], [["x[()()]y"], True], [[")("], False]],
    },
}


class TaskFamily:
    @staticmethod
    def get_tasks() -> dict[str, dict]:
        return PROBLEMS

    @staticmethod
    def get_instructions(t: dict) -> str:
        calls = "\n".join(
            f"assert {t['function']}({', '.join(map(repr, arguments))}) == {result!r}"
            for arguments, result in t["shown"]
        )
        return (
            f"Write a Python function `{t['function']}` that {t['what']}. For example:\n\n{calls}\n\n"
            "Reply with the code of the function alone."
        )

    @staticmethod
    def score(t: dict, submission: str) -> float | None:
        code = submission
        if "```" in code:
            code = code.split("```")[1].removeprefix("python").removeprefix("py")
        cases = t["shown"] + t["hidden"]
        passed = 0
        for arguments, expected in cases:
            try:
                passed += run_answer(code, t["function"], arguments) == expected  # noqa: F821 - given by the sandbox
            except RuntimeError:
                continue
        return 1.0 if passed == len(cases) else 0.4 * passed / len(cases)
