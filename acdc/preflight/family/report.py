"""All checks of one family, as findings for a person and as JSON."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from acdc.config.config import Config
from acdc.config.run_spec import RunSpec
from acdc.errors import AcdcError, InfrastructureError, InputError
from acdc.families.family import GENERAL, FamilySettings, read_family
from acdc.preflight.family.disk_and_access import access_checks, not_pinned, unpinned
from acdc.preflight.family.distances import Distances, distance_finding, distances
from acdc.preflight.family.finding import Finding
from acdc.preflight.family.memory import Needs, need_checks, needs, size
from acdc.preflight.family.part import Part, local_part, read_part
from acdc.preflight.family.tokenizers import text_checks
from acdc.preflight.family.weights import weight_checks
from acdc.storage.layout import Layout


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        family: Its name.
        parts: Those that could be read.
        findings: In order of the checks.
        needs: Disk and memory; None where a seed could not be read.
        distances: Of the seeds; None where weights are not on this machine, or it was not asked for.
    """

    family: str
    parts: list[Part]
    findings: list[Finding]
    needs: Needs | None
    distances: Distances | None

    def count(self, level: str) -> int:
        """Findings of a level."""
        return sum(finding.level == level for finding in self.findings)

    def fault(self) -> AcdcError | None:
        """What the command ends with: bad input where something cannot run, no access where only that is missing."""
        if self.count("error"):
            return InputError(f"{self.family} cannot run yet: {self.count('error')} errors are listed above")
        if self.count("access"):
            return InfrastructureError(
                f"{self.family}: you have no access to {self.count('access')} models; they are listed above"
            )
        return None

    def to_json(self) -> dict[str, object]:
        """As plain values."""
        measured = self.distances
        return {
            "family": self.family,
            "parts": [_part_json(part) for part in self.parts],
            "findings": [asdict(finding) for finding in self.findings],
            "needs": self.needs.to_json() if self.needs else None,
            "distances": None
            if measured is None
            else {
                "pairs": [{"seeds": list(pair), "l2": length} for pair, length in measured.pairs.items()],
                "ratio": measured.ratio,
            },
            "errors": self.count("error"),
            "warnings": self.count("warning"),
        }

    def lines(self) -> list[str]:
        """For a person: the parts, then the findings."""
        shown = [
            f"{part.role:10} {part.where}{f' @ {part.commit[:12]}' if part.commit else ''}: {part.architecture}, "
            f"{size(part.weight_bytes)}, {'here' if part.local else 'on the hub'}"
            for part in self.parts
        ]
        return [f"family {self.family}", *shown, "", *map(str, self.findings)]


def check_family(
    config: Config,
    run: RunSpec,
    layout: Layout,
    *,
    measure: bool = True,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Report:
    """Check a family as far as it goes without a GPU.

    Args:
        config: All settings.
        run: One of the runs that the family is wanted for.
        layout: Where trained families and runs lie.
        measure: Read the seeds' weights to measure their distances, where they are on this machine.
        progress: Told of tensors measured, and of how many.

    Raises:
        InputError: The family is trained here and has not been yet.
        InfrastructureError: The hub cannot be reached.
    """
    name, settings = run.key.family, config.family(run.key.family)
    parts, findings = _read(name, settings, layout)
    members = {role: part for role, part in parts.items() if role != "big" and part.directory is not None}
    if members:
        findings += weight_checks(members, GENERAL, settings.dtype)
        findings += text_checks(members, GENERAL, settings)
    if settings.train is None:
        findings += access_checks(parts, settings, name)
    found = None
    if GENERAL in members:
        runs = len(config.selected.variants) * len(config.selected.seeds)
        found = needs(parts, GENERAL, settings.dtype, run.settings, config.engine_of(name), runs)
        findings += need_checks(found, layout.root)
    measured = None
    if measure and not any(finding.level == "error" for finding in findings):
        measured, finding = _distances(members, progress)
        findings.append(finding)
    return Report(name, list(parts.values()), findings, found, measured)


def _read(name: str, settings: FamilySettings, layout: Layout) -> tuple[dict[str, Part], list[Finding]]:
    """Every part that can be read, and a finding for every one that can't."""
    if settings.train is not None:
        record = layout.family_file(name)
        if not record.is_file():
            raise InputError(
                f"{name} is embedded, and its models are not there yet: run `acdc seeds {name}` first"
            )
        places = read_family(record, settings).directories()
        return {role: local_part(role, str(path), path) for role, path in places.items()}, []
    parts: dict[str, Part] = {}
    findings = []
    for role, where in settings.parts().items():
        try:
            parts[role] = read_part(role, where, settings.revisions.get(role))
        except InputError as error:
            findings.append(Finding("error", "there", str(error), role))
        except InfrastructureError as error:
            loose = unpinned(settings)
            known = f" What is known without the hub: {not_pinned(loose, name)}." if loose else ""
            raise InfrastructureError(f"{error}{known}") from None
    if parts and not findings:
        findings.append(Finding("ok", "there", f"all {len(parts)} models, complete"))
    return parts, findings


def _distances(
    members: dict[str, Part], progress: Callable[[int, int], None]
) -> tuple[Distances | None, Finding]:
    seeds: dict[str, Path] = {
        role: part.directory
        for role, part in members.items()
        if role != "base" and part.directory is not None
    }
    away = [role for role in seeds if not members[role].local]
    if away:
        said = f"not measured: the weights of {', '.join(away)} are not here; `acdc seeds` downloads them"
        return None, Finding("note", "distances", said)
    found = distances(seeds, progress)
    return found, distance_finding(found)


def _part_json(part: Part) -> dict[str, object]:
    fields = ("role", "where", "revision", "commit", "local", "weight_bytes", "parameters", "architecture")
    more = ("rows", "licence", "gated", "stored_types")
    return {name: getattr(part, name) for name in (*fields, *more)}
