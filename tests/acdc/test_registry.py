"""Plugins by name: found without an import, checked like our own settings, and told apart in hashes and recipes."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from acdc.config.config import Config, parse
from acdc.errors import InputError
from acdc.parsing.validation import merged
from acdc.population.breeding import breed
from acdc.population.recipe import Recipe, child_recipe
from acdc.registry import DISTRIBUTION, KINDS, Registry
from acdc.runs.settings_hash import asked
from acdc.selection import SelectionSettings, select
from acdc.storage.store import dump
from acdc.variation import CrossoverSettings, MutationSettings

PROJECT = Path(__file__).parents[2]
DATA = yaml.safe_load((PROJECT / "params.yaml").read_text())
OURS = """
import torch
from pydantic import BaseModel, ConfigDict
from acdc.engines.engine import DeclaredEngine
from acdc.engines.settings import AnyEngineSettings
from acdc.registry import Plugin
from acdc.selection import SelectionPlugin

class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    alpha: float = 0.5

def mix(options, drawn):
    return lambda name, base, parents: (base + options.alpha * (parents[0] - base)).to(base.dtype)

def halve(options, drawn):
    return lambda name, child: child / 2

class Parrot(AnyEngineSettings):
    kind: str
    words: str = ""

CROSSOVER = Plugin(mix, Options, needs=("nothing",), cost="little")
MUTATION = Plugin(halve)
TWICE = SelectionPlugin(lambda options, found, size: [0, 0])
FIRST = SelectionPlugin(lambda options, found, size: list(range(size)))
ENGINE = Plugin(lambda settings, model_dir, **given: settings.words, Parrot)
MUTE = Plugin(lambda settings, model_dir, **given: "", Options)
NO_PLUGIN = mix
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module in the working directory, under a name of its own."""
    name = f"mine_{re.sub('[^a-z0-9]', '', tmp_path.name.lower())}"
    (tmp_path / f"{name}.py").write_text(OURS)
    monkeypatch.chdir(tmp_path)
    return name


def package(root: Path, name: str, version: str, points: str) -> None:
    """What installing a package leaves behind."""
    place = root / f"{name.replace('-', '_')}-{version}.dist-info"
    place.mkdir()
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (place / "entry_points.txt").write_text(points)


def config(**evolution: object) -> Config:
    return parse(merged(DATA, {"evolution": evolution}))


def test_built_in_plugins_are_all_registered_and_say_what_they_are() -> None:
    for kind in KINDS:
        entries = [entry for entry in Registry(kind).entries() if entry.built_in]
        assert entries, kind
        for entry in entries:
            assert (entry.origin, entry.identity) == ("built in", None)
            entry.load()


def test_names_are_listed_without_an_import_of_what_is_heavy() -> None:
    code = (
        "import sys; from acdc.registry import KINDS, Registry\n"
        "names = [name for kind in KINDS for name in Registry(kind).names()]\n"
        "assert {'linear', 'dns', 'grammar', 'majority'} <= {*names}\n"
        "print([name for name in ('torch', 'numpy', 'acdc.engines', 'evals') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_told_where_it_is_written_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"^evolution\.crossover\.kind: .*did you mean 'slerp'\?"):
        config(crossover={"kind": "slurp"})
    with pytest.raises(InputError, match=r"^engine\.kind: .*did you mean 'vllm'\?"):
        parse(merged(DATA, {"engine": {"kind": "vlm"}}))


def test_options_of_a_plugin_are_checked_like_our_settings(mine: str) -> None:
    name = f"{mine}:CROSSOVER"
    with pytest.raises(
        InputError, match=r"^evolution\.crossover\.options\.alhpa: unknown key; did you mean 'alpha'\?"
    ):
        config(crossover={"kind": name, "options": {"alhpa": 1}})
    with pytest.raises(InputError, match=r"^evolution\.crossover\.options\.alpha: .*number"):
        config(crossover={"kind": name, "options": {"alpha": "x"}})
    with pytest.raises(InputError, match=r"crossover: kind linear takes no options; valid: .*lam"):
        config(crossover={"options": {"alpha": 1}})
    found = config(crossover={"kind": name}).evolution("tiny", "acdc").crossover
    assert found.options == {
        "alpha": 0.5
    }  # whole, so that a child can be made again when a default has changed


def test_options_may_stand_in_another_layer_than_the_name(mine: str) -> None:
    layers = {
        "evolution": {"crossover": {"kind": f"{mine}:CROSSOVER"}},
        "variants": {"acdc": {"crossover": {"options": {"alpha": 0.1}}}},
    }
    assert parse(merged(DATA, layers)).evolution("tiny", "acdc").crossover.options == {"alpha": 0.1}


def identity(found: Config) -> str:
    return dump(asked(found, found.run_spec("tiny", "acdc", 0)))


def test_a_plugin_is_part_of_the_settings_hash_and_a_built_in_one_is_not(mine: str) -> None:
    built_in = identity(config())
    assert "plugin" not in built_in
    assert "options" not in built_in
    first = identity(config(crossover={"kind": f"{mine}:CROSSOVER"}))
    path = Path(f"{mine}.py")
    path.write_text(path.read_text().replace("base + options", "base - options"))
    second = identity(config(crossover={"kind": f"{mine}:CROSSOVER"}))
    assert len({built_in, first, second}) == 3
    assert f'"plugin":"{mine}:CROSSOVER ' in first


def test_a_recipe_names_plugin_and_options_and_gives_the_child_again(mine: str) -> None:
    torch = pytest.importorskip("torch")
    crossover = CrossoverSettings(kind=f"{mine}:CROSSOVER", options={"alpha": 0.25})
    mutation = MutationSettings(kind=f"{mine}:MUTATION")
    text = child_recipe(["a", "b"], [1.0, 2.0], crossover, mutation, seed=0).to_json()
    base, parent = {"w": torch.zeros(2, 2)}, {"w": torch.full((2, 2), 8.0)}
    assert '"options":{"alpha":0.25}' in text
    assert breed(Recipe.from_json(text), base, [parent, parent])["w"].eq(1).all()


def test_a_recipe_is_readable_without_its_plugin_and_says_what_to_install(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    crossover = {"kind": "gone", "options": {"alpha": 0.25}, "plugin": "acdc-gone 1.2"}
    recipe = child_recipe(["a"], [1.0], CrossoverSettings(), MutationSettings(kind="none"), seed=0)
    text = (
        recipe.to_json()
        .replace('"crossover":{', f'"crossover":{dump(crossover)[:-1]},')
        .replace(',"kind":"linear"', "")
    )
    stored = Recipe.from_json(text)
    assert Recipe.from_json(stored.to_json()) == stored
    with pytest.raises(
        InputError, match=r"'gone' of acdc-gone 1\.2 is needed.*pip install 'acdc-gone==1\.2'"
    ):
        breed(stored, {"w": torch.zeros(2)}, [{"w": torch.zeros(2)}])


def test_another_version_is_not_taken_for_the_one_of_a_recipe(mine: str) -> None:
    stored = CrossoverSettings.model_validate({"kind": f"{mine}:CROSSOVER", "plugin": f"{mine}:CROSSOVER 00"})
    with pytest.raises(InputError, match="is needed, and here is"):
        stored.resolved()


def test_packages_register_by_entry_points(
    mine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    package(
        site, "acdc-one", "1.0", f"[acdc.crossovers]\nmix = {mine}:CROSSOVER\nlinear = {mine}:CROSSOVER\n"
    )
    monkeypatch.syspath_prepend(str(site))
    registry = Registry("crossovers")
    entry = registry.entry("mix")
    assert (entry.origin, entry.identity) == ("acdc-one 1.0", "acdc-one 1.0")
    assert registry.entry("linear").built_in  # a package can't take the name
    assert CrossoverSettings(kind="mix").plugin == "acdc-one 1.0"
    other = tmp_path / "other"
    other.mkdir()
    package(other, "acdc-two", "1.0", f"[acdc.crossovers]\nmix = {mine}:CROSSOVER\n")
    monkeypatch.syspath_prepend(str(other))
    with pytest.raises(InputError, match=r"registered by acdc-one 1\.0 and acdc-two 1\.0"):
        registry.entry("mix")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("NO_PLUGIN", r"is a function; it must be an acdc\.registry\.Plugin"),
        ("NOTHING", "can't be loaded: AttributeError"),
    ],
)
def test_what_is_no_plugin_is_said(mine: str, target: str, said: str) -> None:
    with pytest.raises(InputError, match=rf"^evolution\.mutation\.kind: mutation '{mine}:{target}' {said}"):
        config(mutation={"kind": f"{mine}:{target}"})
    with pytest.raises(InputError, match=r"^evolution\.mutation\.kind: there is no module 'not_there'"):
        config(mutation={"kind": "not_there:X"})


def test_a_selection_rule_must_return_different_rows(mine: str) -> None:
    skills, fitness = np.eye(3, dtype=bool), np.ones(3)
    generator = np.random.default_rng(0)
    first = SelectionSettings(rule=f"{mine}:FIRST")
    assert select(first, skills, fitness, 2, None, generator).tolist() == [0, 1]
    with pytest.raises(InputError, match=r"must return different rows of 3 individuals, not \[0, 0\]"):
        select(SelectionSettings(rule=f"{mine}:TWICE"), skills, fitness, 2, None, generator)


def test_an_engine_has_its_whole_section(mine: str) -> None:
    from acdc.engines import open_engine

    found = parse({**DATA, "engine": {"kind": f"{mine}:ENGINE", "words": "hi"}})
    assert str(open_engine(found.engine, Path())) == "hi"
    assert asked(found, found.run_spec("tiny", "acdc", 0))["plugins"]["engine"].startswith(f"{mine}:ENGINE ")
    with pytest.raises(InputError, match=r"^engine\.wrods: unknown key; did you mean 'words'"):
        parse({**DATA, "engine": {"kind": f"{mine}:ENGINE", "wrods": "hi"}})
    with pytest.raises(
        InputError, match=r"^engine\.kind: .*subclass of acdc\.engines\.settings\.AnyEngineSettings"
    ):
        parse({**DATA, "engine": {"kind": f"{mine}:MUTE"}})


def test_the_distribution_is_the_one_of_pyproject() -> None:
    import tomllib

    assert tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["name"] == DISTRIBUTION
