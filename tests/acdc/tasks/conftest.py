from collections.abc import Iterator

import pytest

from acdc.sandbox import Sandbox, SandboxSettings
from acdc.tasks.evolution import Staff
from acdc.tasks.grammar_scientist import GrammarScientist
from acdc.tasks.novelty import HashingEmbedder


@pytest.fixture(scope="session")
def box() -> Iterator[Sandbox]:
    with Sandbox.open(SandboxSettings()) as opened:
        yield opened


@pytest.fixture(scope="session")
def staff(box: Sandbox) -> Staff:
    return Staff(GrammarScientist(), box, HashingEmbedder())
