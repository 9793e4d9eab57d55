"""The example plugins: an installed package of three files, one for each kind, that a whole small pipeline runs with."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from acdc.parsing.validation import merged

PROJECT = Path(__file__).parents[1]
EXAMPLES = PROJECT / "examples" / "plugins"
FILES = ("acdc_layerwise.py", "acdc_lexicase.py", "acdc_confident_vote.py")
SMALL = {
    "selected": {"families": ["tiny"], "variants": ["acdc"], "seeds": [0]},
    "variants": {
        "acdc": {
            "crossover": {"kind": "layerwise", "options": {"layers": 2}},
            "selection": {"rule": "lexicase", "options": {"tasks": 0.5}},
        }
    },
    "presets": {"tiny": {"generations": 2, "population": 6, "offspring": 3, "max_new_tokens": 24}},
    "taskforce": {"sizes": [1, 2]},
    "evaluation": {"questions": 8, "max_n": 2},
    "comparison": {"claim_sizes": [2], "ours": "acdc"},
    "best_of_n": {
        "selectors": ["majority", "confident_vote"],
        "options": {"confident_vote": {"temperature": 0.5}},
    },
}


@pytest.mark.parametrize("name", FILES)
def test_the_page_shows_the_file_as_it_is(name: str) -> None:
    page = (PROJECT / "docs" / "extending.md").read_text(encoding="utf-8")
    source = (EXAMPLES / name).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 40
    assert source in re.findall(r"```python\n(.*?)```", page, re.DOTALL)


def test_the_page_shows_how_the_files_are_made_a_package() -> None:
    page = (PROJECT / "docs" / "extending.md").read_text(encoding="utf-8")
    assert (EXAMPLES / "pyproject.toml").read_text(encoding="utf-8") in re.findall(
        r"```toml\n(.*?)```", page, re.DOTALL
    )


def test_lexicase_keeps_an_individual_that_alone_solves_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from acdc.selection import SelectionSettings, select

    skills = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=bool)
    rule = SelectionSettings(rule="acdc_lexicase:PLUGIN")
    for seed in range(10):
        chosen = select(rule, skills, skills.mean(axis=1), 2, None, np.random.default_rng(seed))
        assert sorted(chosen.tolist()) in ([0, 1], [0, 2])
        assert len(select(rule, skills, skills.mean(axis=1), 9, None, np.random.default_rng(seed))) == 4


def test_a_confident_vote_weighs_and_gives_no_vote_to_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from evals.best_of_n import Candidates
    from evals.best_of_n.registry import choose

    answers, sure = ("7", "8", "8", ""), ((-0.1,), (-3.0, -2.0), (-2.5,), (0.0,))
    found = Candidates("?", answers, answers, sure)
    name, rng = "acdc_confident_vote:PLUGIN", np.random.default_rng(0)
    assert choose(name, found, rng).index == 0
    assert choose(name, found, rng, options={"temperature": 100.0}).index == 1


def test_early_layers_are_the_first_parents_and_late_ones_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    from acdc.variation import CrossoverSettings, Drawn
    from acdc.variation.rule import crossover_rule, merged

    kind = {"kind": "acdc_layerwise:PLUGIN", "options": {"layers": 100}}
    rule = crossover_rule(CrossoverSettings.model_validate(kind), Drawn((1.0, 1.0), 0))
    base, parents = torch.zeros(1), [torch.ones(1), torch.full((1,), 3.0)]
    names = ("model.layers.0.w", "model.embed", "model.layers.99.w")
    assert [round(float(merged(rule, name, base, parents))) for name in names] == [1, 2, 3]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examples, installed as a package."""
    root = tmp_path_factory.mktemp("plugins")
    (root / "source").mkdir()
    for name in (*FILES, "pyproject.toml"):
        (root / "source" / name).write_bytes((EXAMPLES / name).read_bytes())
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        *options,
        "--target",
        str(root / "site"),
        str(root / "source"),
    ]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return root / "site"


def acdc(site: Path, root: Path, *words: str) -> str:
    """The output of a command in a project, with the package installed."""
    path = os.pathsep.join([str(PROJECT), str(site)])
    code = "import sys; sys.argv[0] = 'acdc'; from acdc.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_pipeline_runs_with_all_three(site: Path, tmp_path: Path) -> None:
    layers = [yaml.safe_load((PROJECT / name).read_text()) for name in ("params.yaml", "params.smoke.yaml")]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(merged(*layers, SMALL)))
    listed = json.loads(acdc(site, tmp_path, "plugins", "--json"))
    theirs = {row["name"]: row["origin"] for row in listed if row["origin"] != "built in"}
    assert theirs == dict.fromkeys(("layerwise", "lexicase", "confident_vote"), "acdc-example-plugins 0.1.0")
    for words in (
        ("seeds", "tiny"),
        ("evolve", "tiny", "acdc"),
        ("taskforce", "tiny", "acdc"),
        ("evaluate", "tiny", "acdc"),
        ("baselines", "tiny"),
        ("compare",),
    ):
        acdc(site, tmp_path, *words)
    from acdc.storage.store import RunStore

    with RunStore.read(tmp_path / "runs" / "tiny" / "acdc" / "seed-0") as run:
        evolution = json.loads(run.meta("asked") or "")["evolution"]
        individuals = [(row[1], json.loads(row[3])) for row in run.individuals()]
    assert {evolution[name]["plugin"] for name in ("crossover", "selection")} == {
        "acdc-example-plugins 0.1.0"
    }
    assert evolution["selection"]["options"] == {"tasks": 0.5}
    children = {id: recipe["crossover"] for id, recipe in individuals if recipe["kind"] == "child"}
    assert {(made["kind"], made["options"]["sharpness"]) for made in children.values()} == {
        ("layerwise", 1.0)
    }
    child = max(children)
    document = json.dumps(
        [json.loads(path.read_text()) for path in (tmp_path / "comparison").rglob("*.json")]
    )
    assert '"selector": "confident_vote"' in document
    rebuilt = acdc(site, tmp_path, "rebuild", child, "--run", "runs/tiny/acdc/seed-0")
    assert child in rebuilt
