"""Hashes of today's default settings: a key that is added later enters a hash only where it differs from its default."""

import hashlib
from pathlib import Path

import pytest

from acdc.config.config import load
from acdc.runs.settings_hash import asked
from acdc.storage.store import dump

PARAMS = Path(__file__).parents[3] / "params.yaml"
GOLDEN = {
    ("tiny", "acdc"): "8c9db2082dc9cea5",
    ("tiny", "no_dns"): "dda15c21f585f118",
    ("qwen2", "acdc"): "dcf6586e40d9b34a",
    ("tiny", "no_selection"): "477700dadc9bb3ee",
}


@pytest.mark.parametrize(("family", "variant"), GOLDEN)
def test_settings_of_today_keep_their_hash(family: str, variant: str) -> None:
    config = load(PARAMS)
    text = dump(asked(config, config.run_spec(family, variant, 0)))
    assert hashlib.blake2b(text.encode(), digest_size=8).hexdigest() == GOLDEN[family, variant], (
        "a new key must be left out of what is hashed where it has its default (docs/decisions.md); a changed default of "
        "params.yaml is another setting and gets a new hash here"
    )
