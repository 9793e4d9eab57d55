"""Where everything lies below the project's root: the one place that knows the names of directories."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """Paths of what the stages write, relative to ``root``."""

    root: Path = Path(".")

    def families(self) -> Path:
        """Models of all families."""
        return self.root / "models"

    def models(self, family: str) -> Path:
        """The family's directory of models."""
        return self.root / "models" / family

    def family_file(self, family: str) -> Path:
        """Which directories or revisions are base, seeds and big model."""
        return self.models(family) / "family.json"

    def cell(self, family: str, variant: str) -> Path:
        """All run seeds of a variant of a family."""
        return self.root / "runs" / family / variant

    def run(self, family: str, variant: str, seed: int) -> Path:
        """One run."""
        return self.cell(family, variant) / f"seed-{seed}"

    def old_runs(self) -> Path:
        """Runs that were set aside because their settings are not the present ones."""
        return self.root / "runs" / ".old"

    def taskforce(self, family: str, variant: str, seed: int) -> Path:
        """The task forces chosen from one run."""
        return self.root / "taskforces" / family / variant / f"seed-{seed}.json"

    def taskforce_transcript(self, family: str, variant: str, seed: int) -> Path:
        """What a judge of answers said while these task forces were chosen; only where one was asked."""
        return self.taskforce(family, variant, seed).with_suffix(".transcript.jsonl")

    def results(self, family: str, variant: str) -> Path:
        """Benchmark samples of a variant's models."""
        return self.root / "results" / family / variant

    def records(self, name: str) -> Path:
        """Hashes of the files that hold a benchmark's records."""
        return self.root / "records" / f"{name}.json"

    def cache(self) -> Path:
        """Answers by content; may be deleted at any time."""
        return self.root / "cache"
