"""How good is a task force on benchmarks that evolution never saw? Built on lm-eval and on `acdc`."""
