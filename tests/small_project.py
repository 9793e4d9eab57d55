"""A project with a finished run of random models, made in seconds: seeds, children, a grandchild, a task force, results.

The run goes through the store's and the population's own interfaces; only its answers are made up.
"""

import json
from collections.abc import Callable
from pathlib import Path

from acdc.config.config import load
from acdc.families.family import resolve
from acdc.parsing.yaml import read_yaml, write_yaml
from acdc.population.population import Population
from acdc.runs.assembly import founders_of
from acdc.runs.settings_hash import asked
from acdc.storage.store import Cell, Generation, RunStore, dump
from acdc.tasks.task_family import Example, Provenance, TaskFamily

PARAMS = Path(__file__).parents[1] / "params.yaml"
RUN = Path("runs/mine/acdc/seed-0")
GRANDCHILD = "g001c00"


def make(root: Path, save_tiny_model: Callable[..., Path], **changes: object) -> Path:
    """Write the project below ``root``; the run's directory.

    Args:
        root: An empty directory.
        save_tiny_model: Of the fixture.
        changes: Of the models' configuration.
    """
    places = {}
    for seed, name in enumerate(("base", "general", "code")):
        places[name] = str(save_tiny_model(root / "checkpoints" / name, seed=seed, **changes))
    data = read_yaml(PARAMS.read_text())
    data["families"]["mine"] = {"preset": "tiny", "base": places.pop("base"), "seeds": places}
    data["selected"] |= {"families": ["mine"], "variants": ["acdc"], "seeds": [0]}
    data["presets"]["tiny"] |= {"system": "Be brief.", "max_new_tokens": 12}
    (root / "params.yaml").write_text(write_yaml(data))
    config = load(root / "params.yaml")
    settings = config.evolution("mine", "acdc")
    family = resolve("mine", config.family("mine"), root / "models")
    with RunStore.create_or_resume(root / RUN, "made up") as store:
        with store.transaction():
            store.set_meta("run", dump({"family": "mine", "variant": "acdc", "seed": 0}))
            store.set_meta("settings", settings.model_dump_json())
            store.set_meta("asked", dump(asked(config, config.run_spec("mine", "acdc", 0))))
            store.add_tasks([(task.id, 0, dump(task.to_json())) for task in map(_task, range(4))])
        population = Population(founders_of(family), store, root / RUN / "weights", "none")
        seeds = population.seeds()
        children, _ = population.breed(seeds, settings, 0, 0, count=2)
        young, _ = population.breed([*seeds, *children], settings, 0, 1, count=1)
        store.put_cells([_cell(name, i) for name in (*seeds, *children, *young) for i in range(4)])
        store.add_generation(Generation(0, (*seeds, *children), (), {}))
        store.add_generation(Generation(1, (*young, *children), (), {}))
        rows = [(row.id, row.weights_hash) for row in store.individuals()]
        store.finish()
    force = [*young, "general", children[0]]
    document = {
        "family": "mine",
        "variant": "acdc",
        "seed": 0,
        "candidates": [{"id": id, "weights_hash": hash_} for id, hash_ in rows],
        "forces": {"coverage": force, "fitness": force[::-1]},
        "archive": [*young, *children],
    }
    path = root / "taskforces/mine/acdc/seed-0.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(document))
    return root / RUN


def _task(number: int) -> TaskFamily:
    capability = ("strings: reverse", "lists: sort")[number % 2]
    name, example = f"t{number:04d}", Example("1", f"question {number}")
    return TaskFamily(
        name, "", name, "", capability, 1, "", "x", False, Provenance(None, "seed", 0), (example,)
    )


def _cell(individual: str, number: int) -> Cell:
    verdict = ("pass", "fail", "missing", "pass")[number]
    return Cell(individual, f"t{number:04d}", "1", verdict, None, None, None, "reply", "stop", 1)
