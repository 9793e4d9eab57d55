"""Settings of the small family, checked by the code that a command runs."""

from pathlib import Path
from typing import Any

from acdc.config.config import Config, parse
from acdc.parsing.yaml import read_yaml
from acdc.preflight.family.finding import Finding
from acdc.preflight.family.report import Report, check_family
from acdc.storage.layout import Layout

PARAMS = Path(__file__).parents[4] / "params.yaml"


def settings(home: Path, **changes: Any) -> Config:
    """params.yaml with a family "mine" of the directories below home."""
    data = read_yaml(PARAMS.read_text(encoding="utf-8"))
    seeds = {name: str(home / name) for name in ("general", "code", "math")}
    mine = {"preset": "paper", "base": str(home / "base"), "seeds": seeds, "big": str(home / "big")}
    data["families"] = {"mine": {**mine, **changes}}
    data["selected"] = {"families": ["mine"], "variants": ["acdc"], "seeds": [0]}
    return parse(data)


def check(home: Path, **changes: Any) -> Report:
    """What is found about it."""
    config = settings(home, **changes)
    return check_family(config, config.run_specs("mine")[0], Layout(home / "project"))


def found(report: Report, check: str, part: str | None = None) -> list[Finding]:
    """Findings of a check."""
    return [item for item in report.findings if item.check == check and part in (None, item.part)]
