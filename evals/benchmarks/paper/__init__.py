"""The benchmarks of the paper (arXiv:2604.14969v1), by the names lm-eval gives them; their data are not here."""
