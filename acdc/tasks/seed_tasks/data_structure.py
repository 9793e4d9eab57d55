"""A multiple-choice question on a data structure."""

# mypy: ignore-errors

QUESTIONS = {
    "1": (
        "A queue is kept in two stacks: items are pushed on the first; to take one out, the second is popped, and when it is "
        "empty, all items of the first are moved to it one by one. What does a sequence of n insertions and n removals cost?",
        (
            "O(log n) for each operation in the worst case",
            "O(n) in total",
            "O(n log n) in total",
            "O(n^2) in total",
        ),
        "B",
    ),
    "2": (
        "The keys 5, 2, 8, 1, 9, 3 are inserted in this order into an empty binary search tree that is never rebalanced. "
        "Which key is at the greatest depth?",
        ("Only 9", "Only 1", "1, 3 and 9 are equally deep", "Only 3"),
        "C",
    ),
    "3": (
        "A hash table resolves collisions by linear probing. A key is deleted by simply emptying its slot. What can go wrong?",
        (
            "A later search may miss a key that is still there",
            "Keys may be stored twice by one insertion",
            "The table becomes unsorted",
            "Nothing, as long as the table is less than half full",
        ),
        "A",
    ),
    "4": (
        "A binary min-heap holds n different keys in an array. Where can the largest key be?",
        (
            "Only in the last slot",
            "Only in the slot after the root",
            "In any slot",
            "In any slot without children",
        ),
        "D",
    ),
}


class TaskFamily:
    @staticmethod
    def get_tasks() -> dict[str, dict]:
        return {
            name: {"question": question, "choices": list(choices), "answer": answer}
            for name, (question, choices, answer) in QUESTIONS.items()
        }

    @staticmethod
    def get_instructions(t: dict) -> str:
        choices = "\n".join(
            f"{letter}) {choice}" for letter, choice in zip("ABCD", t["choices"], strict=True)
        )
        return (
            f"{t['question']}\n\n{choices}\n\n"
            'Think it through, then end with a line "Answer: X", where X is the letter of the right choice.'
        )

    @staticmethod
    def score(t: dict, submission: str) -> float | None:
        return 1.0 if submission.strip().strip("().* ").upper() == t["answer"] else 0.0
