"""The judge forms of the paper's multiple-choice benchmarks: asked without options, answered openly, graded by a language model.

Promises: a question is the same in words as with its options.
Door: the YAML files; open_form.py (records as open questions), needs_options.py (which questions make no sense so).
"""

__all__ = ["needs_options", "open_form"]
