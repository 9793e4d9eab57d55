"""The section `report` of params.yaml."""

from pydantic import Field

from acdc.parsing.section import Section


class ReportSettings(Section):
    """What the report shows; nothing here changes a number.

    Attributes:
        title: Heading of the page.
        headline_sizes: Values of N for which the verdict table has rows, where the comparison has them.
        tasks: Synthetic tasks shown with the answers of three models.
        questions: Benchmark questions shown that only the task force solved.
        reply_characters: An answer is cut after so many characters, with a mark.
    """

    title: str = "Does a task force cover more?"
    headline_sizes: tuple[int, ...] = (3, 8)
    tasks: int = Field(8, ge=0, le=200)
    questions: int = Field(12, ge=0, le=500)
    reply_characters: int = Field(400, ge=20, le=20_000)
