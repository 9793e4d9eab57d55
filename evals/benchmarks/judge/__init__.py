"""The judge forms of the paper's multiple-choice benchmarks: asked without options, answered openly, graded by a language model."""
