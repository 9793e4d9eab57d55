"""AC/DC: evolve language models together with the tasks that test them, then choose a task force.

This floor is the method (arXiv:2604.14969). It knows no benchmark: `evals` measures what it finds, and
`reproductions` turns measurements into tables and a report.
"""
