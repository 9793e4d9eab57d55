"""May the parts be used, and will they be the same tomorrow? Licences, access, pinned revisions."""

from collections.abc import Mapping, Sequence

from acdc.families.family import FamilySettings, local_directory
from acdc.families.hub import COMMIT
from acdc.preflight.family.finding import Finding
from acdc.preflight.family.part import Part


def access_checks(parts: Mapping[str, Part], settings: FamilySettings, name: str) -> list[Finding]:
    """Licence, access and pinned revision of every part, the big model included.

    Args:
        parts: By role.
        settings: The family's entry.
        name: Of the family.
    """
    findings = []
    for role, part in parts.items():
        if part.kept_back:
            findings.append(Finding("access", "gated", part.kept_back, role))
        elif part.gated:
            findings.append(Finding("ok", "gated", "its licence is accepted by your account", role))
        findings.append(_licence(role, part, settings.licences.get(role, settings.licence)))
    loose = [role for role, part in parts.items() if part.on_hub and part.revision != part.commit]
    if loose:
        findings.append(Finding("warning", "revisions", not_pinned(loose, name)))
    elif any(part.on_hub for part in parts.values()):
        findings.append(Finding("ok", "revisions", "every model of the hub is pinned to a commit"))
    return findings


def unpinned(settings: FamilySettings) -> list[str]:
    """The parts from the hub whose revision is no commit, by what is written in the settings alone."""
    return [
        role
        for role, where in settings.parts().items()
        if local_directory(where) is None and not COMMIT.fullmatch(settings.revisions.get(role) or "")
    ]


def not_pinned(roles: Sequence[str], name: str) -> str:
    """That parts are not pinned, and how to pin them."""
    return (
        f"not pinned: {', '.join(roles)}. The hub may hold other weights tomorrow; `acdc families pin {name}` prints the "
        "commits of today for `revisions`"
    )


def _licence(role: str, part: Part, stated: str | None) -> Finding:
    if part.licence and stated and part.licence != stated:
        said = f"params.yaml says {stated}, its card {part.licence}: read the card and correct the entry"
        return Finding("warning", "licence", said, role)
    if part.licence or stated:
        source = "its card" if part.licence else "params.yaml, its card names none"
        return Finding("ok", "licence", f"{part.licence or stated} ({source})", role)
    return Finding("warning", "licence", "none is named, so nothing is permitted; ask its authors", role)
