"""What is kept on disk: run.sqlite, journal.sqlite, locks, and where each file lies.

Promises: a write is one transaction or one rename; a finished store is read-only and has the same bytes for equal settings.
Door: store.py (`RunStore`), journal.py (times and prices, outside the hash), layout.py (`Layout`), lock.py, run_directory.py
(which runs are finished; old ones moved away). database.py knows the tables.
"""

__all__ = ["database", "journal", "layout", "lock", "run_directory", "store"]
