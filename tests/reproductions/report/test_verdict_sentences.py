from reproductions.report.verdict_sentences import abstract, rival_verdicts, sentences
from tests.reproductions.world import comparison

LOSING = -0.2  # every rival is 20 points better than in the usual world


def test_a_win_is_told_as_a_win() -> None:
    told = {one.name: one.outcome for one in rival_verdicts(comparison(), 8)}
    assert told["Control, general × N, T = 0.7"] == "ahead"


def test_a_loss_is_told_as_a_loss() -> None:
    told = rival_verdicts(comparison(offset=LOSING), 8)
    assert {one.outcome for one in told} == {"behind"}
    assert all(
        "loses to" in sentence and "ahead" not in sentence
        for sentence in sentences(comparison(offset=LOSING), 8)
    )
    assert "ahead of none" in abstract(comparison(offset=LOSING))[1]


def test_what_is_not_decided_is_level() -> None:
    assert any("level with All 4 seeds sampled evenly" in sentence for sentence in sentences(comparison(), 8))


def test_the_abstract_is_two_sentences_with_n_and_interval() -> None:
    first, second = abstract(comparison())
    assert "192 questions of 8 benchmarks" in first
    assert "54.0% [51.0%, 57.0%]" in first
    assert "23 claims" in second


def test_every_rival_is_named_in_one_sentence_of_its_group() -> None:
    made = comparison()
    told = " ".join(sentences(made, 8))
    assert all(told.count(f"{one.name} (") == 1 for one in rival_verdicts(made, 8))
