"""One engine in this process: weights are loaded when somebody else's are in place, and only if they are asked."""

from typing import Any

import torch

from acdc.engines.engine import Sampling
from acdc.executors import Alone, RequestBatch
from tests.acdc.executors.misbehaving import Obedient


def test_request_batches_are_answered_one_after_another_and_weights_are_made_when_needed() -> None:
    made: list[str] = []

    def weights(name: str, value: float) -> Any:
        made.append(name)
        return {"w": torch.tensor([value])}

    request_batches = [
        RequestBatch("a", "ha", lambda: weights("a", 1.0), ("x", "y")),
        RequestBatch("a again", "ha", lambda: weights("a again", 1.0), ("z",)),
        RequestBatch("b", "hb", lambda: weights("b", 2.0), ("x",)),
    ]
    executor = Alone(Obedient())
    assert executor.version == "obedient 1"
    answers = executor.answer(request_batches, system="s", sampling=Sampling())
    assert [answer.text for answer in next(answers)] == ["1 s|x", "1 s|y"]
    assert made == ["a"]
    assert [[answer.text for answer in answered] for answered in answers] == [["1 s|z"], ["2 s|x"]]
    assert made == ["a", "b"]
