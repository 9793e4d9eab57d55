"""Which of the paper's claims follow from the paper's own tables?

Promises: nothing here was measured by this project. published.csv holds the printed numbers (arXiv:2604.14969v1), claims.csv the
claims, aliases.yaml and derivations.yaml how they hang together; other files in the same columns work the same way.
Door: audit.py (`audit_files`), published.py and claims.py (read the files), printed_tables.py, with_our_numbers.py (ours beside).
"""

__all__ = [
    "audit",
    "audit_tables",
    "claims",
    "contradictions",
    "lookup",
    "names",
    "observations",
    "our_numbers",
    "pooling",
    "printed_tables",
    "published",
    "statements",
    "with_our_numbers",
]
