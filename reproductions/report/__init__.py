"""The report: one page of tables, figures and sentences about what was measured.

Promises: each number is read from a file of a stage; the page is one file and needs no network.
Door: page.py (`write_report`), settings.py. Sections: run_views.py, charts.py, verdict_sentences.py, paper_section.py, openendedness.py.
"""

__all__ = [
    "charts",
    "environment",
    "openendedness",
    "page",
    "paper_section",
    "run_views",
    "settings",
    "verdict_sentences",
]
