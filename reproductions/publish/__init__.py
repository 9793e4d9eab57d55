"""A member of a task force as a model directory that others can load, with card, lineage and licences.

Promises: weights that leave have the hash that the run names.
Door: publish.py (`export`), model_directory.py, licences.py.
"""

__all__ = ["licences", "model_directory", "publish"]
