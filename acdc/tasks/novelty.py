"""Which new tasks are new: nearest neighbours of all history by the cosine of embeddings, and the scientist's word.

The text that is embedded is that of the task as it was accepted, after reflection (the released code embeds the first draft).

The embedded default hashes character and word n-grams. It sees surface only: two texts are near when they share most of
their words, and a paraphrase is far. The threshold belongs to the embedder and to the kind of text: 0.7 is the published one
for e5-mistral-7b-instruct and free text. The short uniform texts of the grammar scientist lie closer together: in 600 of its
tasks, 90% of the cosines lie within 0.86–0.98 where skill, wording and difficulty are equal, 0.72–0.96 where the skill alone is, and
0.35–0.58 for other skills of the domain. So 0.85 shows the scientist all equals (mode both: 4 of the first 100 tasks are
rejected, a third of 40 new ones after eight evolutions), and a filter by embedding alone takes 0.94 (26 of 100, and 40%).

Source: section 4 of the method; hashing trick with signs: Weinberger et al. 2009, arXiv:0902.2206.
"""

import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from acdc.numbers.exact import cosines
from acdc.numbers.margins import Margins
from acdc.streams import key
from acdc.tasks.scientist import Judgement, Scientist
from acdc.tasks.settings import EmbedderSettings, NoveltySettings
from acdc.tasks.task_family import TaskFamily

Vectors = NDArray[np.float64]


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def version(self) -> str:
        """Everything that can change a vector; goes into the settings hash."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit rows, (texts, dimensions) float64; a row of zeros for a text that says nothing."""
        ...


class HashingEmbedder:
    """Signed hashed counts of words, pairs of words and characters 3 to 5, by CRC-32: equal in every process and version."""

    def __init__(self, settings: EmbedderSettings | None = None) -> None:
        self._dimensions = (settings or EmbedderSettings()).dimensions

    @property
    def version(self) -> str:
        """Name, revision of the features, dimensions."""
        return f"hashing-1/{self._dimensions}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit rows, (texts, dimensions) float64."""
        vectors = np.zeros((len(texts), self._dimensions))
        for row, text in enumerate(texts):
            hashes = np.array([zlib.crc32(feature.encode()) for feature in _features(text)], dtype=np.uint32)
            columns, signs = (hashes >> 1) % self._dimensions, np.where(hashes & 1, 1.0, -1.0)
            np.add.at(vectors[row], columns, signs)
        # Square roots, so that a letter said twenty times does not drown the words said once.
        vectors = np.sign(vectors) * np.sqrt(np.abs(vectors))
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.where(norms > 0, norms, 1.0)


def _features(text: str) -> list[str]:
    words = text.lower().split()
    features = [f"w {word}" for word in words] + [f"p {a} {b}" for a, b in pairwise(words)]
    for word in words:
        padded = f" {word} "
        features += [padded[i : i + n] for n in (3, 4, 5) for i in range(len(padded) - n + 1)]
    return features


class Neighbour(NamedTuple):
    """A task of the history and its cosine with the candidate, in [−1, 1]."""

    id: str
    cosine: float


class Verdict(NamedTuple):
    """Whether a candidate is new, and the nearest tasks it was held against, nearest first."""

    novel: bool
    neighbours: tuple[Neighbour, ...]


class _Nearest:
    """Cosines of candidates with the history and with each other, from one matrix product."""

    def __init__(
        self, history: Sequence[TaskFamily], candidates: Sequence[TaskFamily], embedder: Embedder
    ) -> None:
        vectors = embedder.embed([task.text for task in (*history, *candidates)])
        self._cosines = cosines(vectors[len(history) :], vectors)
        self._tasks = (*history, *candidates)
        self._history = len(history)

    def of(
        self, candidate: int, allowed: Sequence[int], count: int
    ) -> tuple[list[tuple[int, Neighbour]], float]:
        """The ``count`` nearest to a candidate among the history and the ``allowed`` candidates, ties to the older.

        Returns:
            Them, and the smallest difference of cosines, ties apart, that put one of them before another.
        """
        rows = [*range(self._history), *(self._history + other for other in allowed)]
        likeness = self._cosines[candidate, rows]
        order = np.argsort(-likeness, kind="stable")[: count + 1]
        steps = -np.diff(likeness[order])
        found = [
            (rows[i] - self._history, Neighbour(self._tasks[rows[i]].id, float(likeness[i])))
            for i in order[:count]
        ]
        return found, float(steps[steps > 0].min(initial=np.inf))


def verdicts(
    candidates: Sequence[TaskFamily],
    history: Sequence[TaskFamily],
    embedder: Embedder,
    scientist: Scientist,
    settings: NoveltySettings,
    seed: int,
    *,
    margins: Margins | None = None,
) -> list[Verdict]:
    """Judges candidates in order, each against the history and the candidates accepted before it.

    The scientist is asked in waves: a task without an undecided one among its nearest can be judged at once, so the
    answer is that of asking one by one, while an endpoint gets many questions together.

    Args:
        candidates: Checked tasks in order of requests.
        history: Every task ever accepted.
        embedder: For the cosines; not used with mode off.
        scientist: Says what is interestingly new, with modes scientist and both.
        settings: Mode, threshold, number of neighbours, kinds that are judged.
        seed: The run seed, for the streams of the questions.
        margins: Takes how near cosines came to the threshold and to each other.
    """
    if settings.mode == "none" or not candidates:
        return [Verdict(True, ()) for _ in candidates]
    nearest = _Nearest(history, candidates, embedder)
    tasks = {task.id: task for task in (*history, *candidates)}
    watch = _Watch(margins or Margins(), embedder, settings)
    decided: dict[int, Verdict] = {}
    while len(decided) < len(candidates):
        asked: dict[int, tuple[Verdict, list[Neighbour]]] = {}
        for i, candidate in enumerate(candidates):
            if i in decided:
                continue
            earlier = [j for j in range(i) if j not in decided or decided[j].novel]
            found, step = nearest.of(i, earlier, settings.neighbours)
            if any(j >= 0 and j not in decided for j, _ in found):
                continue  # a nearer one waits for its own verdict
            verdict = Verdict(True, tuple(one for _, one in found))
            exempt = settings.applies_to == "novel" and candidate.provenance.kind in ("harder", "easier")
            near = [] if exempt else watch.near(verdict.neighbours, step)
            if not near:
                decided[i] = verdict
            elif settings.mode == "embedding":
                decided[i] = verdict._replace(novel=False)
            else:
                asked[i] = verdict, near
        judgements = [
            Judgement(
                candidates[i],
                tuple(tasks[one.id] for one in near),
                key(seed, "task novelty", candidates[i].id),
            )
            for i, (_, near) in asked.items()
        ]
        answers = scientist.is_interesting(judgements) if judgements else []
        for (i, (verdict, _)), answer in zip(asked.items(), answers, strict=True):
            decided[i] = verdict._replace(novel=answer)
    return [decided[i] for i in range(len(candidates))]


class _Watch:
    """Which neighbours are near, with the margins of these decisions."""

    def __init__(self, margins: Margins, embedder: Embedder, settings: NoveltySettings) -> None:
        self._margins, self._settings = margins, settings
        # Counts of words have the same cosines on every machine; a model's vectors differ in their sixth digit.
        self._whose = "novelty" if isinstance(embedder, HashingEmbedder) else "model's novelty"

    def near(self, neighbours: Sequence[Neighbour], step: float) -> list[Neighbour]:
        """Those at or above the threshold; all of them where the scientist alone decides."""
        if neighbours:
            self._margins.note(f"{self._whose} rank", step)
        if self._settings.mode == "scientist":
            return list(neighbours)
        decision, floor = f"{self._whose} cosine", self._settings.threshold
        return [one for one in neighbours if self._margins.compare(decision, one.cosine, floor) >= 0]
