"""Answers that are programs: what the sandbox is asked about a sample, and what its outcome means."""

from typing import TYPE_CHECKING, Any

from evals.answering.answer_cache import Verdict

if TYPE_CHECKING:
    from acdc.sandbox import Job, Outcome


def run_of(sample: dict[str, Any]) -> "Job":
    """The sandbox's job for a sample record: its question's task family, its filtered answer."""
    from acdc.sandbox import Job

    return Job(sample["doc"]["source"], sample["doc"]["task"], str(sample["filtered_resps"][0]))


def verdict_of(outcome: "Outcome") -> Verdict:
    """Right is a score of at least a half."""
    return Verdict(outcome.score is not None and outcome.score >= 0.5, outcome.error)
