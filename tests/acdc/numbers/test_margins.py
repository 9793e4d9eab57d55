"""How close decisions came, from the decision to the journal."""

import math

from acdc.judging.gibberish import GibberishSettings, StatisticJudge
from acdc.numbers.margins import Margins, margins_of
from acdc.tasks.grammar_scientist import GrammarScientist
from acdc.tasks.novelty import HashingEmbedder, verdicts
from acdc.tasks.settings import NoveltySettings
from acdc.tasks.task_family import Provenance, TaskFamily
from tests.acdc.judging.test_gibberish import Said


def test_a_comparison_takes_its_distance_and_equality_on_paper_has_none() -> None:
    margins = Margins()
    assert [margins.compare("share", value, 0.3) for value in (0.1, 0.1 + 0.2, 0.35)] == [-1, 0, 1]
    found = margins.found()["share"]
    assert (round(found.smallest, 9), found.count) == (0.05, 3)


def test_what_is_written_can_be_read_again_ties_included() -> None:
    margins = Margins()
    margins.note("token", 1e-3, count=40, settled=2)
    margins.compare("share", 0.5, 0.5)
    assert margins.to_json()["share"] == {"smallest": None, "count": 1, "settled": 0}
    assert Margins.from_json(margins.to_json()).found() == margins.found()


def test_who_keeps_no_margins_has_none() -> None:
    assert margins_of(object()).found() == {}
    margins = Margins()
    holder = type("Holder", (), {"margins": margins})()
    assert margins_of(holder) is margins


def test_the_offline_judge_tells_how_near_its_limits_outputs_came() -> None:
    margins = Margins()
    judge = StatisticJudge(GibberishSettings(min_chars=4, max_cut=1.0), margins)
    assert not judge.judge([[Said("aabb ccdd eeff ghij")]])[0].gibberish
    assert margins.found()["gibberish entropy"].count == 2
    assert 0 < margins.found()["gibberish share"].smallest <= 0.1


def test_an_entropy_that_is_the_limit_on_paper_is_within_it() -> None:
    settings = GibberishSettings(min_chars=4, min_entropy=math.log2(5), max_repetition=1.0)
    below = settings.model_copy(update={"min_entropy": math.nextafter(math.log2(5), 9)})
    for limits in (settings, below):
        assert not StatisticJudge(limits).judge([[Said("abcde" * 3)]])[0].gibberish


def test_cosines_are_held_against_the_threshold_and_against_each_other() -> None:
    def task(number: int, text: str) -> TaskFamily:
        return TaskFamily(f"t{number:04d}", "", text, "", "", 1, "", "", False, Provenance(None, "novel", 0))

    history = [task(0, "the text backwards"), task(1, "the text backwards twice"), task(2, "a sum")]
    margins = Margins()
    settings = NoveltySettings.model_validate({"mode": "embedding", "threshold": 0.9, "neighbours": 2})
    new = [task(3, "the text backwards thrice")]
    found = verdicts(new, history, HashingEmbedder(), GrammarScientist(), settings, 0, margins=margins)
    near = [one.cosine for one in found[0].neighbours]
    assert margins.found()["novelty cosine"].smallest == min(abs(one - 0.9) for one in near)
    assert 0 < margins.found()["novelty rank"].smallest <= near[0] - near[1]
