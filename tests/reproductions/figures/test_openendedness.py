import re

from acdc.runs.openendedness import BANDS, Openness
from reproductions.figures.openendedness import Shown, diversity, diversity_key, reach, reach_key
from reproductions.figures.svg import markup


def row(generation: int, counts: tuple[int, ...]) -> Openness:
    rates = dict(zip(BANDS, counts, strict=True))
    return Openness(generation, 4, 9, 2.5, 6.0, {}, {}, 8, 2, 0, 1.0, 3, 0.5, 2, rates, 0.25)


SHOWN = Shown(
    "acdc", [[row(0, (1, 0, 1, 0, 0, 2)), row(1, (0, 4, 0, 0, 0, 0))], [row(0, (0, 0, 0, 0, 0, 0))]]
)


def test_bands_of_a_generation_fill_the_whole_height() -> None:
    drawn = markup(reach(SHOWN, 1))
    heights = [float(h) for h in re.findall(r'<rect[^>]* height="([\d.]+)"', drawn)]
    assert sum(heights[:6]) == sum(heights[6:]) == 176 - 22 - 10
    assert "generation 0: nobody passes 25%" in drawn  # a run without any result counts for nothing


def test_every_run_has_a_line_or_a_dot_for_pool_and_history() -> None:
    drawn = markup(diversity(SHOWN, 1, 8))
    assert len(re.findall(r"<path", drawn)) == 2
    assert len(re.findall(r"<circle", drawn)) == 2
    assert "2.5 tasks in the pool and 6.0 in all history" in drawn


def test_the_keys_name_what_is_drawn() -> None:
    assert [name for name, _ in reach_key()] == list(BANDS)
    assert [name for name, _ in diversity_key()] == ["pool", "history"]
