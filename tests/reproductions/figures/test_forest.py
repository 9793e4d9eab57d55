"""The chart of differences, on a wide screen and on a phone."""

import pytest

from reproductions.figures.forest import Difference, forest
from reproductions.figures.svg import Element

FOUND = [
    Difference("Control, general × N, T = 0.7", 0.05, -0.005, 0.103, "level"),
    Difference("general + weight noise × N", 0.13, 0.061, 0.21, "task force ahead"),
    Difference("Random N of the archive, expected", -0.067, -0.124, -0.028, "behind"),
]


def _of_class(drawn: Element, name: str) -> list[Element]:
    return [node for node in drawn.iter() if node.get("class") == name]


def test_on_a_phone_the_line_of_zero_crosses_no_name() -> None:
    """A name stands 11 units above its line, in letters 12.5 high."""
    drawn = forest(FOUND, left="rival better", right="task force better", narrow=True)
    baselines = [float(node.get("y", "")) for node in _of_class(drawn, "label")]
    zero = [(float(node.get("y1", "")), float(node.get("y2", ""))) for node in _of_class(drawn, "zero")]
    assert len(baselines) == len(zero) == len(FOUND)
    for baseline in baselines:
        assert all(end <= baseline - 10 or begin >= baseline + 3 for begin, end in zero)


@pytest.mark.parametrize("narrow", [False, True])
def test_every_interval_has_zero_beside_it(narrow: bool) -> None:
    drawn = forest(FOUND, left="rival better", right="task force better", narrow=narrow)
    zero = [(float(node.get("y1", "")), float(node.get("y2", ""))) for node in _of_class(drawn, "zero")]
    places = [float(node.get("y1", "")) for node in _of_class(drawn, "whisker")]
    assert len(places) == len(FOUND)
    assert all(any(begin < place < end for begin, end in zero) for place in places)
