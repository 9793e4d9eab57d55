"""``acdc audit-paper``: which of the published claims follow from the published tables?"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from acdc.commands.options import check_place

OUT = Path("results/paper/audit.json")


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("audit-paper", help="Recompute the paper's claims from the paper's tables.")(audit_paper)


def audit_paper(
    published: Annotated[
        Path | None, typer.Option(help="Tables of scores; default: the paper's.", metavar="FILE")
    ] = None,
    claims: Annotated[Path | None, typer.Option(help="Claims; default: the paper's.", metavar="FILE")] = None,
    aliases: Annotated[
        Path | None, typer.Option(help="What claims call otherwise than tables.", metavar="FILE")
    ] = None,
    out: Annotated[Path, typer.Option("--json", help="Where the audit goes.", metavar="OUT")] = OUT,
    tables: Annotated[
        Path | None, typer.Option(help="Also write tables as CSV, Markdown and LaTeX.", metavar="DIR")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the 50,000 resamples beside the verdicts.", min=0)] = 0,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 if a claim differs.")] = False,
) -> None:
    """Audit the claims, write the JSON and print the verdicts."""
    from acdc.errors import ToleranceError
    from reproductions.files import write_text
    from reproductions.paper.audit import FOLDER, audit_files
    from reproductions.paper.tables import claims_table, findings_table, sensitivity_table

    check_place("--json", out, "file")
    check_place("--tables", tables, "folder")
    audit = audit_files(
        published or FOLDER / "published.csv",
        claims or FOLDER / "claims.csv",
        aliases=aliases or FOLDER / "aliases.yaml",
        seed=seed,
    )
    write_text(out, json.dumps(audit, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    if tables is not None:
        for table in (claims_table(audit), findings_table(audit), sensitivity_table(audit)):
            table.write(tables)
    for line in _lines(audit):
        typer.echo(line)
    typer.echo(f"Written: {out}")
    differing = [claim["id"] for claim in audit["claims"] if claim["agrees"] is False]
    if strict and differing:
        raise ToleranceError(
            f"{len(differing)} claims differ from their recomputation: {', '.join(differing)}"
        )


def _lines(audit: dict[str, Any]) -> list[str]:
    """What a person reads in the terminal: verdicts, then findings, then the count."""
    from reproductions.paper.tables import VERDICTS

    width = max(len(claim["id"]) for claim in audit["claims"])
    lines = [
        f"{claim['id']:{width}}  {VERDICTS[claim['agrees']]:8}  {_numbers(claim)}"
        for claim in audit["claims"]
    ]
    for kind in ("contradictions", "observations"):
        found = audit[kind]
        lines += ["", f"{kind.capitalize()} ({len(found)}), computed from the tables:"]
        lines += [
            f"  {item['check']}: {item['where']}: {item['says']} | {item['computed']}" for item in found
        ]
    counts = audit["summary"]
    lines += [
        "",
        f"{counts['agree']} of {counts['claims']} claims agree, {counts['differ']} differ, "
        f"{counts['cannot be checked']} cannot be checked.",
        f"Below 0.05: {counts['below 0.05 as printed']} as printed, {counts['below 0.05 calibrated and corrected']} by "
        "calibrated tests (sign-flip in a family, t over families) after Holm's correction.",
    ]
    return lines


def _numbers(claim: dict[str, Any]) -> str:
    recomputed = claim["recomputed"]
    if recomputed is None:
        return str(claim["reason"])
    rests = claim["sensitivity"]["rests_on"]
    return (
        f"{recomputed['mean']:+.3f} [{recomputed['low']:+.3f}, {recomputed['high']:+.3f}] p {recomputed['p']:.4f}, "
        f"n {recomputed['n']}; sign-flip {claim['tests']['sign_flip']:.4f}, Holm {claim['tests']['holm']:.3f}"
        + (f"; rests on {', '.join(rests)}" if rests else "")
        + (f"; {claim['reason']}" if claim["reason"] else "")
    )
