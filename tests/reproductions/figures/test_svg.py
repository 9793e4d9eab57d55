from xml.etree import ElementTree

from reproductions.figures.svg import Axes, apart, element, figure, markup, text, ticks


def test_text_cannot_break_out_of_a_drawing() -> None:
    hostile = '</text><script>alert("x")</script>\x00\x07'
    drawn = markup(figure(10, 10, hostile, text(0, 0, hostile)))
    assert "<script>" not in drawn
    assert ElementTree.fromstring(drawn).find("text") is not None


def test_ticks_are_round_numbers_inside_the_range() -> None:
    assert ticks(0.31, 0.62) == [0.4, 0.5, 0.6]
    assert ticks(0, 20, about=4) == [0, 5, 10, 15, 20]


def test_labels_are_moved_apart_in_their_order() -> None:
    moved = apart([10, 11, 50], gap=15, low=0, high=100)
    assert moved[0] < moved[1] < moved[2]
    assert moved[1] - moved[0] >= 15


def test_labels_at_the_edge_stay_inside() -> None:
    assert max(apart([99, 99, 99], gap=10, low=0, high=100)) <= 100


def test_y_grows_upwards() -> None:
    axes = Axes(0, 0, 10, 10, (0, 1), (0, 1))
    assert axes.point(0, 1) == (0, 0)
    assert axes.point(1, 0) == (10, 10)


def test_attributes_are_written_with_hyphens_and_two_decimals() -> None:
    assert markup(element("g", class_="a", stroke_width=1 / 3)) == '<g class="a" stroke-width="0.33" />'
