"""The out-of-distribution suite of the embedded family: shifts of wording, format and inputs, drawn by seed."""
