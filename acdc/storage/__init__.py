"""What is kept on disk: run.sqlite, journal.sqlite, locks, and where each file lies.

Promises: a write is one transaction or one rename; a finished store is read-only and has the same bytes for equal settings.
Door: store.py (`RunStore`), journal.py (times and prices, outside the hash), layout.py (`Layout`), lock.py, finished_runs.py.
"""

__all__ = ["finished_runs", "journal", "layout", "lock", "store"]
