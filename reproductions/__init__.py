"""Does it hold? Tables, figures, the report and verdicts, from what `acdc` and `evals` wrote."""
