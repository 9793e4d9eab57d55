"""Benchmarks beside the paper's, by the names lm-eval gives them; their data are not here."""
