"""Does it hold? Tables, figures, the report and verdicts, from what `acdc` and `evals` wrote.

Promises: each number is read from a file of a stage, and none is made up here; expected numbers lie beside each family's parameters.
Door: the names of `__all__`, loaded when they are used.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reproductions.load import load_audit, load_comparison
    from reproductions.paper.audit import audit_files
    from reproductions.publish.publish import export
    from reproductions.report.page import write_report
    from reproductions.tables.all import all_tables
    from reproductions.tables.table import Column, Table
    from reproductions.verify.expected import Expected, read_expected

__all__ = [
    "Column",
    "Expected",
    "Table",
    "all_tables",
    "audit_files",
    "export",
    "load_audit",
    "load_comparison",
    "read_expected",
    "write_report",
]

_PLACES = {
    "Column Table": "tables.table",
    "Expected read_expected": "verify.expected",
    "all_tables": "tables.all",
    "audit_files": "paper.audit",
    "export": "publish.publish",
    "load_audit load_comparison": "load",
    "write_report": "report.page",
}


def __getattr__(name: str) -> object:
    """A public name, from its module when it is used first."""
    for names, place in _PLACES.items():
        if name in names.split():
            return getattr(importlib.import_module(f"{__name__}.{place}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
