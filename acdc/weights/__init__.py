"""Tensors, and the files that hold them: hashed, checked, written whole or shard by shard.

Promises: equal weights make equal files and equal hashes; a damaged file is an error. torch is imported only when it is needed.
Door: the names below (tensors.py); checkpoint.py (directories of the hub's form), shards.py (models larger than memory),
vocabulary.py (members with another number of rows), convert.py (to dtypes and back).
"""

from acdc.weights.tensors import (
    DamagedWeightsError,
    Weights,
    WeightsDigest,
    check_finite,
    check_like,
    is_finite,
    read_weights,
    rows_at_a_time,
    save_weights,
    weights_hash,
)

__all__ = [
    "DamagedWeightsError",
    "Weights",
    "WeightsDigest",
    "check_finite",
    "check_like",
    "is_finite",
    "read_weights",
    "rows_at_a_time",
    "save_weights",
    "weights_hash",
]
