"""One random stream per purpose.

Every draw of a run comes from a generator keyed by (run seed, purpose, indices), so no draw depends on how many draws
another purpose made, on the order in which work completes, or on where a run was interrupted.
"""

import hashlib

import numpy as np


def key(seed: int, purpose: str, *indices: int | str) -> int:
    """The 128-bit key of a stream, from a hash of everything that names it.

    Args:
        seed: The run seed.
        purpose: What the draws are for, in a few fixed words ("crossover weights").
        indices: What tells streams of one purpose apart: generation, child, draw.
    """
    text = "\x1f".join([str(seed), purpose, *map(str, indices)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")


def stream(seed: int, purpose: str, *indices: int | str) -> np.random.Generator:
    """A NumPy generator of its own for one purpose; arguments as for :func:`key`."""
    return np.random.Generator(np.random.PCG64(key(seed, purpose, *indices)))
