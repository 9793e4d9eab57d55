"""The audit as the report shows it: verdicts, what they rest on, what was found."""

from functools import cache
from typing import Any

from acdc.storage.layout import Layout
from reproductions.load import paper_audit
from reproductions.paper.audit_tables import claims_table, findings_table, sensitivity_table, verdicts_table
from reproductions.tables.table import Table
from reproductions.text.templates import FOLDER, safe

Json = dict[str, Any]


def audit_view(layout: Layout) -> Json | None:
    """Everything that the section's template asks for; None where the paper was not audited.

    Args:
        layout: Where things lie.

    Raises:
        InputError: The audit is damaged, or of another version.
    """
    audit = paper_audit(layout)
    if audit is None:
        return None
    made = [verdicts_table(audit), claims_table(audit), findings_table(audit), sensitivity_table(audit)]
    resting = [
        (claim["id"], claim["sensitivity"]["rests_on"])
        for claim in audit["claims"]
        if claim["sensitivity"] and claim["sensitivity"]["rests_on"]
    ]
    return {
        "id": _words()["id"],
        "heading": _words()["heading"],
        "summary": audit["summary"],
        "verdicts": safe(made[0].html()),
        "resting": resting,
        "contradictions": _grouped(audit["contradictions"]),
        "observations": _grouped(audit["observations"]),
        "made": _filled(made),
    }


def _filled(tables: list[Table]) -> list[Table]:
    return [table for table in tables if len(table.frame)]


def _grouped(findings: list[Json]) -> list[tuple[str, list[Json]]]:
    """Findings of a kind under their heading, in the order of the words' file; kinds without words come last."""
    names: dict[str, str] = _words()["checks"]
    groups: dict[str, list[Json]] = {check: [] for check in names}
    for item in findings:
        groups.setdefault(item["check"], []).append(item)
    return [(names.get(check, check.capitalize()), items) for check, items in groups.items() if items]


@cache
def _words() -> Json:
    from acdc.parsing.yaml import read_yaml_file

    found: Json = read_yaml_file(FOLDER / "audit.yaml")
    return found
