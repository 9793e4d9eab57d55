"""A multiple-choice question on the application of a law, which is given in the question."""

# mypy: ignore-errors

RULES = (
    "Rules. (1) An offer binds whoever makes it until the date that it names, or for a reasonable time if it names none. "
    "(2) A contract is made when an acceptance reaches the one who made the offer while the offer binds. "
    "(3) An answer that changes the price, the goods or the date is no acceptance but a refusal together with a new offer. "
    "(4) After a refusal the offer binds no longer. (5) Silence is no acceptance."
)

CASES = {
    "1": (
        "On Monday Vera offers Karl her piano for 900, open until Friday. On Tuesday Karl writes that he takes it for 800. Vera does "
        "not answer. On Thursday, Karl writes that he takes it for 900; Vera reads it the same day. Is there a contract?",
        (
            "Yes, for 900, since the acceptance reached Vera before Friday",
            "Yes, for 800, since Vera did not object",
            "No, since Karl's first answer was a refusal, and his second only a new offer",
            "No, since offers of single goods do not bind",
        ),
        "C",
    ),
    "2": (
        "On 1 May a dealer offers Mona a bicycle for 300, open until 10 May. On 5 May he writes to her that he no longer wants to "
        "sell. On 8 May Mona's letter that she takes it for 300 reaches him. Is there a contract?",
        (
            "Yes, since the offer bound the dealer until 10 May",
            "No, since the dealer withdrew before she accepted",
            "No, since Mona was silent from 5 to 8 May",
            "Only if she had paid before 5 May",
        ),
        "A",
    ),
    "3": (
        "Timo writes to Ines: I offer you my boat for 2,000. If I hear nothing within a week, I take it that you agree. Ines reads "
        "the letter and does nothing. After two weeks Timo asks for the money. Is there a contract?",
        (
            "Yes, since Ines knew what her silence would mean",
            "No, since silence is no acceptance",
            "Yes, since a week is a reasonable time",
            "No, since the offer named no date",
        ),
        "B",
    ),
}


class TaskFamily:
    @staticmethod
    def get_tasks() -> dict[str, dict]:
        return {
            name: {"case": case, "choices": list(choices), "answer": answer}
            for name, (case, choices, answer) in CASES.items()
        }

    @staticmethod
    def get_instructions(t: dict) -> str:
        choices = "\n".join(
            f"{letter}) {choice}" for letter, choice in zip("ABCD", t["choices"], strict=True)
        )
        return (
            f"{RULES}\n\nCase. {t['case']}\n\n{choices}\n\nApply the rules as they stand, then end with a line "
            '"Answer: X", where X is the letter of the right choice.'
        )

    @staticmethod
    def score(t: dict, submission: str) -> float | None:
        return 1.0 if submission.strip().strip("().* ").upper() == t["answer"] else 0.0
