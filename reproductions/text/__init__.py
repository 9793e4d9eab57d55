"""The words of report, tables and model cards, in files beside this one, and how they are filled in.

Promises: a name that a template lacks is an error, never an empty place.
Door: templates.py (`render`, `safe`, `FOLDER`), phrases.py (titles and notes of tables), numbers.py (how numbers are
written).
"""

__all__ = ["numbers", "phrases", "templates"]
