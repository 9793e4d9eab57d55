"""``acdc audit-paper``: which of the published claims follow from the published tables?"""

import json
import textwrap
from pathlib import Path
from typing import Annotated, Any

import typer

from acdc.cli.options import check_place
from acdc.numbers.digits import fixed

OUT = Path("results/paper/audit.json")
WIDTH = 120  # characters of a printed line


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
    from acdc.files import write_text
    from reproductions.paper.audit import FOLDER, audit_files
    from reproductions.paper.audit_tables import claims_table, findings_table, sensitivity_table

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
    from reproductions.paper.audit_tables import VERDICTS

    width = max(len(claim["id"]) for claim in audit["claims"])
    lines = []
    for claim in audit["claims"]:
        begin = f"{claim['id']:{width}}  {VERDICTS[claim['agrees']]:8}  "
        lines += _wrapped(begin + _numbers(claim), len(begin))
    for kind in ("contradictions", "observations"):
        found = audit[kind]
        lines += ["", f"{kind.capitalize()} ({len(found)}), computed from the tables:"]
        for item in found:
            lines += _wrapped(
                f"  {item['check']}: {item['where']}: {item['says']} | {item['computed']}", indent=4
            )
    counts = audit["summary"]
    lines += [
        "",
        f"{counts['agree']} of {counts['claims']} claims agree, {counts['differ']} differ, "
        f"{counts['cannot be checked']} cannot be checked.",
        f"Below 0.05: {counts['below 0.05 as printed']} as printed, {counts['below 0.05 calibrated and corrected']} by "
        "calibrated tests after Holm's correction.",
        "A row: mean normalised difference with the published interval and p, recomputed; the calibrated test (sign-flip",
        "in one family, t over several families' means) and its p after Holm's correction over all that were tested.",
    ]
    return lines


def _wrapped(line: str, indent: int) -> list[str]:
    """A line of any length as lines that fit a terminal."""
    return textwrap.wrap(
        line, WIDTH, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )


def _numbers(claim: dict[str, Any]) -> str:
    from reproductions.paper.audit_tables import TESTS
    from reproductions.text.numbers import p_value

    recomputed = claim["recomputed"]
    if recomputed is None:
        return str(claim["reason"])
    rests, calibrated = claim["sensitivity"]["rests_on"], claim["calibrated"]
    return (
        f"{fixed(recomputed['mean'], 3, plus=True)} [{fixed(recomputed['low'], 3, plus=True)}, "
        f"{fixed(recomputed['high'], 3, plus=True)}] p {p_value(recomputed['p'])}, "
        f"n {recomputed['n']}; {TESTS[calibrated['test']]} {p_value(calibrated['p'])}, Holm {p_value(calibrated['holm'])}"
        + (f"; rests on {', '.join(rests)}" if rests else "")
        + (f"; {claim['reason']}" if claim["reason"] else "")
    )
