"""Benchmarks as lm-eval task YAML files, one folder per suite, and the registry that finds them."""
