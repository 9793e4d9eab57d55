"""Which of the paper's claims follow from the paper's own tables?

published.csv holds the printed numbers (arXiv:2604.14969v1), claims.csv the printed claims, aliases.yaml what the two call
differently, derivations.yaml which tables follow from which, statements.csv what the text says about them. Other files in
the same columns work the same way. Nothing here was measured by this project.
"""
