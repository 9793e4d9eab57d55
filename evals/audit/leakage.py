"""Have synthetic tasks seen the benchmark? For each task the nearest benchmark question, by embedding and by shared 13-grams.

Word 13-grams are the usual sign of contamination (Brown et al. 2020, appendix C). A question of fewer words is one gram of its own length;
of fewer than four it says nothing and is counted as too short. What all prompts of a benchmark begin or end with, and grams of many of its
questions, are its form and no question. Embeddings find what was said in other words, as far as the embedder does; it is named with the result.

Texts are compared and never kept: what is returned are ids and numbers.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acdc.numbers.exact import cosines
from acdc.tasks.novelty import Embedder

GRAM = 13
_SHORTEST = 4  # words of a question that can be recognised
_COMMON = 0.01  # share of a benchmark's questions from which a gram is boilerplate, but at least 3 of them
_CHUNK = 2000  # questions embedded at once
_WORD = re.compile(r"\w+")
Words = tuple[str, ...]


@dataclass(frozen=True)
class Nearest:
    """Of one task the nearest question of one benchmark.

    Attributes:
        task: Position of the task.
        question: Id of the question with the largest cosine.
        cosine: With it, in [−1, 1].
        overlapping: Questions that share a gram with the task.
    """

    task: int
    question: str
    cosine: float
    overlapping: tuple[str, ...]


@dataclass(frozen=True)
class Leaks:
    """One benchmark against all tasks.

    Attributes:
        nearest: For each task, in order.
        cosines: (Q,) of each question with its nearest task.
        overlaps: (Q,) whether it shares a gram with any task.
        too_short: Questions that no gram can recognise.
    """

    nearest: tuple[Nearest, ...]
    cosines: NDArray[np.float64]
    overlaps: NDArray[np.bool_]
    too_short: int


def leaks(tasks: Sequence[str], questions: Mapping[str, str], embedder: Embedder) -> Leaks:
    """Compare.

    Args:
        tasks: Texts of synthetic tasks.
        questions: A benchmark's questions by id, as they are asked.
        embedder: For the cosines.
    """
    ids = list(questions)
    words = bare([tuple(_WORD.findall(text.lower())) for text in questions.values()])
    shared = _shared([tuple(_WORD.findall(text.lower())) for text in tasks], words)
    best, which, nearest = _cosines(tasks, [" ".join(some) for some in words], embedder)
    overlaps = np.zeros(len(ids), dtype=np.bool_)
    for found in shared:
        overlaps[sorted(found)] = True
    return Leaks(
        tuple(
            Nearest(
                place, ids[which[place]], float(best[place]), tuple(ids[index] for index in sorted(found))
            )
            for place, found in enumerate(shared)
        ),
        nearest,
        overlaps,
        sum(len(some) < _SHORTEST for some in words),
    )


def bare(texts: Sequence[Words]) -> list[Words]:
    """Questions without the words that all of them begin and end with: instructions and few-shot examples."""
    if len(texts) < 2:
        return list(texts)
    begin = _alike(texts)
    rest = [words[begin:] for words in texts]
    end = _alike([words[::-1] for words in rest])
    return [words[: len(words) - end] for words in rest]


def _alike(texts: Sequence[Words]) -> int:
    """How many words at the beginning all texts share."""
    return next(
        (place for place, column in enumerate(zip(*texts, strict=False)) if len(set(column)) > 1),
        min(map(len, texts)),
    )


def _shared(tasks: Sequence[Words], questions: Sequence[Words]) -> list[set[int]]:
    """For each task the questions that share a gram with it."""
    owners: dict[Words, set[int]] = {}
    for place, words in enumerate(questions):
        if len(words) >= _SHORTEST:
            for gram in _grams(words, min(GRAM, len(words))):
                owners.setdefault(gram, set()).add(place)
    most = max(3, int(_COMMON * len(questions)))
    owners = {gram: places for gram, places in owners.items() if len(places) <= most or len(gram) < GRAM}
    lengths = Counter(map(len, owners))
    return [
        {place for length in lengths for gram in _grams(words, length) for place in owners.get(gram, ())}
        for words in tasks
    ]


def _grams(words: Words, length: int) -> set[Words]:
    return {words[first : first + length] for first in range(len(words) - length + 1)}


def _cosines(
    tasks: Sequence[str], questions: Sequence[str], embedder: Embedder
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Of each task the largest cosine and whose it is; of each question the largest cosine."""
    vectors = embedder.embed(tasks)
    best = np.full(len(tasks), -1.0)
    which = np.zeros(len(tasks), dtype=np.int64)
    per_question = np.full(len(questions), -1.0)
    for first in range(0, len(questions), _CHUNK):
        found = cosines(vectors, embedder.embed(questions[first : first + _CHUNK]))
        here = found.argmax(axis=1)
        values = found[np.arange(len(tasks)), here]
        better = values > best
        best[better], which[better] = values[better], first + here[better]
        per_question[first : first + _CHUNK] = found.max(axis=0)
    return best, which, per_question
