"""The embedded family: skills, tokenizer and training, from nothing to six models on a CPU in minutes.

To the rest of the code it is a model family like any other; only this package knows how it came to be.
"""
