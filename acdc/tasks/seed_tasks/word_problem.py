"""A grade-school word problem with a number as its answer."""

# mypy: ignore-errors

PROBLEMS = {
    "1": (
        "A baker makes 12 trays of 15 rolls. In the morning he sells two thirds of them for 40 cents each, and in the afternoon half "
        "of the rest for 25 cents each. How many dollars does he take in?",
        55.5,
    ),
    "2": (
        "Lena reads 18 pages a day from Monday to Friday and 30 pages on each day of the weekend. She starts a book of 400 pages on "
        "a Monday. How many pages are left after two whole weeks?",
        100,
    ),
    "3": (
        "A tank holds 240 litres and is a quarter full. A hose fills in 9 litres a minute while a leak loses 3 litres a minute. After "
        "how many minutes is the tank full?",
        30,
    ),
    "4": (
        "Three children share 84 marbles. The second has twice as many as the first, and the third as many as the first and the second "
        "together. How many has the third?",
        42,
    ),
}


class TaskFamily:
    @staticmethod
    def get_tasks() -> dict[str, dict]:
        return {name: {"problem": problem, "answer": answer} for name, (problem, answer) in PROBLEMS.items()}

    @staticmethod
    def get_instructions(t: dict) -> str:
        return f'{t["problem"]}\n\nSolve it step by step, then end with a line "Answer: N", where N is a number without a unit.'

    @staticmethod
    def score(t: dict, submission: str) -> float | None:
        text = submission.strip().rstrip(".").replace(",", "").replace("$", "").strip()
        try:
            return 1.0 if abs(float(text) - t["answer"]) < 1e-6 else 0.0
        except ValueError:
            return 0.0
