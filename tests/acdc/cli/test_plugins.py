"""``acdc plugins``: what is there and whence, in 80 columns, broken plugins with their error."""

import json
from pathlib import Path

import pytest

from acdc.cli import run
from acdc.registry import KINDS

PARAMS = """
evolution:
  crossover: {kind: "acdc.variation.plugins:LINEAR"}
variants:
  odd: {selection: {rule: "no_such_module:RULE"}}
best_of_n: {selectors: [majority, "no_such_module:SELECTOR"]}
"""


def test_every_kind_is_listed_in_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugins"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [*KINDS]
    assert max(map(len, lines)) <= 80
    assert any(line.split()[:3] == ["linear", "built", "in;"] for line in lines)


def test_what_params_yaml_names_by_module_is_listed_and_a_broken_one_with_its_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text(PARAMS)
    assert run(["plugins", "--json", "--params", str(tmp_path / "mine.yaml")]) == 0
    rows = [row for row in json.loads(capsys.readouterr().out) if row["origin"] != "built in"]
    named = {row["name"]: (row["kind"], row["error"]) for row in rows if ":" in row["name"]}
    assert named["acdc.variation.plugins:LINEAR"] == ("crossovers", None)
    assert named["no_such_module:RULE"][0] == "selections"
    assert "No module named 'no_such_module'" in named["no_such_module:SELECTOR"][1]


def test_one_kind_or_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugins", "mutations"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "mutations (mutation.kind)"
    assert run(["plugins", "mutation"]) == 2
    assert "did you mean 'mutations'?" in capsys.readouterr().err
