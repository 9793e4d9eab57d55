"""The stream of questions that a tiny model is trained on, and the questions it is measured on.

One question in sixteen, by a checksum of its wording, is never trained on; in-distribution accuracy is measured on
those alone.
"""

import zlib
from collections.abc import Iterator, Mapping

import numpy as np

from acdc.streams import stream
from acdc.tiny.skills import CHAINS, DOMAINS, SKILLS, Item, Skill, chain, item

RESERVED_SHARE = 16


def reserved(phrase: str) -> bool:
    """Whether a question is kept for measuring."""
    return zlib.crc32(phrase.encode()) % RESERVED_SHARE == 0


def _pick(rng: np.random.Generator, skill: Skill, difficulties: tuple[int, int], wanted: bool) -> Item:
    """Draws until a question is reserved (or is not, as wanted)."""
    while True:
        drawn = item(rng, skill, int(rng.integers(difficulties[0], difficulties[1] + 1)))
        if reserved(drawn.phrase) == wanted:
            return drawn


def training_stream(
    rng: np.random.Generator, domains: tuple[str, ...], shares: Mapping[str, float], chain_share: float
) -> Iterator[Item]:
    """Endless training questions.

    Args:
        rng: Where everything is drawn from.
        domains: Domains to draw skills from.
        shares: Relative frequency of a skill; 1 where none is given.
        chain_share: Share of chains of two skills.
    """
    skills = [skill for skill in SKILLS.values() if skill.domain in domains]
    chains = [chain(SKILLS[a], SKILLS[b]) for a, b in CHAINS if SKILLS[a].domain in domains]
    ends = np.cumsum([shares.get(skill.name, 1.0) for skill in skills])
    while True:
        if rng.random() < chain_share:
            yield _pick(rng, chains[int(rng.integers(len(chains)))], (4, 5), wanted=False)
        else:
            chosen = int(np.searchsorted(ends, rng.random() * ends[-1], side="right"))
            yield _pick(rng, skills[chosen], (1, 5), wanted=False)


def measured(seed: int, n: int) -> dict[str, list[Item]]:
    """Per skill, `n` reserved questions with difficulty 1…5 in turn; the same for every model of a seed."""
    items: dict[str, list[Item]] = {}
    for name, skill in SKILLS.items():
        rng = stream(seed, "tiny measured questions", name)
        items[name] = [_pick(rng, skill, (1 + i % 5, 1 + i % 5), wanted=True) for i in range(n)]
    return items


def by_domain(accuracy: Mapping[str, float]) -> dict[str, float]:
    """Mean accuracy per domain from accuracy per skill."""
    return {
        domain: float(np.mean([accuracy[name] for name, skill in SKILLS.items() if skill.domain == domain]))
        for domain in DOMAINS
    }
