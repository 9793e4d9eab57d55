"""A small made-up project on disk: runs through the store's own writing interface, task forces, a comparison.

Numbers come from a seeded generator and look like a tiny family's; `python -m tests.reproductions.world DIR` writes one to
look at. Whoever asks may have the task force lose.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from acdc.population.recipe import Recipe, child_recipe, seed_recipe
from acdc.storage.journal import Journal
from acdc.storage.layout import Layout
from acdc.storage.store import Cell, Generation, RunStore, dump
from acdc.tasks.task_family import Example, Provenance, TaskFamily
from acdc.variation.settings import CrossoverSettings, MutationSettings
from evals.audit.audit import Audit
from evals.comparison.document import Comparison

FAMILY = "tiny"
VARIANTS = ("acdc", "no_dns", "no_gibberish_filter", "static_tasks", "random_search")
SEEDS = ("general", "strings", "arithmetic", "lists")
SKILLS = {
    "strings": ("reverse", "sort", "shift"),
    "arithmetic": ("add", "total"),
    "lists": ("evens", "unique"),
}
BENCHMARKS = ("colon", "wording", "quoted", "spaces", "capital", "steps", "choice", "program")
HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)> & \x07 \U0001f600'
QUESTIONS = 24

RIVALS: tuple[
    tuple[str, str, int, float], ...
] = (  # name, group, smallest N, coverage at 8 less ours when ours wins
    ("Experts", "experts", 3, -0.031),
    ("Experts with general", "experts", 3, -0.045),
    ("Control, general × N, T = 0.7", "control", 1, -0.066),
    ("Control, general × N, T = 1", "control", 1, -0.058),
    ("All 4 seeds sampled evenly", "even", 4, -0.004),
    ("general + weight noise × N", "noise", 1, -0.029),
    ("Big model × N, T = 0.7", "big", 1, 0.017),
)


def comparison(*, offset: float = 0.0, seed: int = 0) -> Comparison:
    """A comparison; every difference to the task force is shifted by ``offset``."""
    rng = np.random.default_rng(seed)
    ours = _method(rng, "acdc/coverage", "Task force (acdc)", "ours", "acdc", 1, 0.54)
    methods = [
        ours,
        _method(
            rng, "acdc/fitness", "Task force (acdc), chosen by fitness", "choice", "acdc", 1, 0.47 - offset
        ),
        _method(
            rng, "acdc/random", "Task force (acdc), chosen at random", "choice", "acdc", 1, 0.50 - offset
        ),
        _method(
            rng,
            "acdc/archive",
            "Random N of the archive (acdc), expected",
            "archive",
            "acdc",
            1,
            0.5 - offset,
        ),
    ]
    for i, variant in enumerate(VARIANTS[1:]):
        level = 0.535 - 0.006 * i - offset
        methods.append(
            _method(rng, f"{variant}/coverage", f"Task force ({variant})", "variant", variant, 1, level)
        )
    methods += [
        _method(rng, name, name, group, "", least, 0.54 + gap - offset) for name, group, least, gap in RIVALS
    ]
    big = _method(rng, "Big model, once, greedy", "Big model, once, greedy", "big", "", 1, 0.62 - offset)
    methods.append(big | {"coverage": big["coverage"][:1]})
    none = {"id": "API model", "name": "API model", "group": "api", "not_run": "no endpoint is configured"}
    claims = [claim for table in ("main", "variants") for claim in _claims(table, ours, methods)]
    return Comparison.model_validate(
        {
            "family": FAMILY,
            "ours": "acdc/coverage",
            "benchmarks": dict.fromkeys(BENCHMARKS, QUESTIONS),
            "dropped": 2,
            "runs": [0, 1, 2],
            "sizes": list(range(1, 9)),
            "confidence": 0.95,
            "alpha": 0.05,
            "methods": [*methods, none],
            "claims": claims,
            "archive": [_null(n) for n in (3, 8)],
            "members": [_member(rng, s, place) for s in range(3) for place in range(1, 9)],
            "guesses": [
                {"benchmark": name, "blind_1": 0.02, "blind_8": 0.09, "informed_1": 0.17, "informed_8": 0.4}
                for name in BENCHMARKS
            ],
            "questions": {name: [f"{name}-{i}" for i in range(QUESTIONS)] for name in BENCHMARKS},
            "solves": {
                m["id"]: {
                    name: (rng.random(QUESTIONS) < m["coverage"][-1]["benchmarks"][name])
                    .astype(float)
                    .tolist()
                    for name in BENCHMARKS
                }
                for m in methods
            },
            "best_of_n": _final_answers(ours, methods),
            "only_ours": [_example(i, name) for i, name in enumerate(BENCHMARKS[:4])],
        }
    )


def measurement(of: Comparison) -> Audit:
    """The audit of a comparison; on one benchmark no question is left where nothing was cut off."""

    def gain(mean: float, questions: int = 8 * QUESTIONS) -> dict[str, float]:
        return {"mean": mean, "low": mean - 0.03, "high": mean + 0.03, "questions": questions}

    cut, leaked = [], []
    for method in (method for method in of.methods if method.coverage):
        at = {point.n: point.coverage.mean for point in method.coverage}
        for n in (3, 8):
            size = 1 if list(at) == [1] else n
            if size not in at:
                continue
            ours = {point.n: point.coverage.mean for point in of.method(of.ours).coverage}[n]
            row = {
                "method": method.id,
                "n": size,
                "shares": {name: 0.02 * place for place, name in enumerate(BENCHMARKS)},
                "coverage": gain(at[size]),
                "without": None if n == 8 else gain(at[size] + 0.01, 170),
            }
            if method.id != of.ours:
                row |= {"gain": gain(ours - at[size]), "gain_without": gain(ours - at[size] + 0.005, 160)}
                row |= {"ours_n": n}
                whole, some = gain(ours - at[size]), gain(ours - at[size] - 0.01, 180)
                leak = {"rival": method.id, "n": n, "all": whole, "without_overlapping": some}
                leaked.append({**leak, "without_near": None})
            cut.append(row)
    prompts = {"samples": 9000, "answerers": 60, "questions": dict.fromkeys(BENCHMARKS, QUESTIONS)}
    return Audit.model_validate(
        {
            "family": FAMILY,
            "confidence": 0.95,
            "prompts": {**prompts, "by_words": 192, "unseen": ["gpqa"]},
            "cut_off": cut,
            "near": 0.95,
            "embedder": "hashing-1/2048",
            "tasks": 180,
            "leaks": [
                {
                    "benchmark": name,
                    "questions": QUESTIONS,
                    "too_short": place,
                    "overlapping": place % 3,
                    "near": place % 2,
                    "median": 0.31,
                    "largest": 0.9 + place / 100,
                }
                for place, name in enumerate(BENCHMARKS)
            ],
            "leak_gains": leaked,
            "judged": {"mmlu_judge": {"both": 40, "judge": 12, "exact": 1, "neither": 47}},
            "endpoints": {
                "GPT-4o": {
                    "model": "gpt-4o-2024-08-06",
                    "served_as": ["gpt-4o-2024-08-06"],
                    "first": "2026-11-19",
                    "last": "2026-11-20",
                    "answers": 192,
                    "prompt_tokens": 19_200,
                    "tokens": 3840,
                    "price_in": 2.5,
                    "price_out": 10.0,
                    "money": 0.0864,
                }
            },
        }
    )


def project(
    root: Path, *, offset: float = 0.0, generations: int = 20, variants: tuple[str, ...] = VARIANTS
) -> Layout:
    """Everything that a report reads, below ``root``."""
    layout = Layout(root)
    for number, variant in enumerate(variants):
        for seed in range(3):
            _run(layout, variant, seed, generations, np.random.default_rng([number, seed]))
    compared = comparison(offset=offset)
    _write(root / "comparison" / f"{FAMILY}.json", json.loads(compared.model_dump_json()))
    _write(root / "audit" / f"{FAMILY}.json", json.loads(measurement(compared).model_dump_json()))
    models = {
        name: {
            "parameters": 231_168 if name != "big" else 904_704,
            "id_accuracy_mean": level,
            "id_items": 600,
        }
        for name, level in zip(("base", *SEEDS, "big"), (0.5, 0.65, 0.3, 0.2, 0.32, 0.67), strict=True)
    }
    _write(
        layout.family_file(FAMILY),
        {"name": FAMILY, "seeds": {s: s for s in SEEDS}, "big": "big", "models": models},
    )
    _write(layout.models(FAMILY) / "training_journal.json", {name: {"cpu_seconds": 41.5} for name in models})
    return layout


def _method(
    rng: np.random.Generator, identity: str, name: str, group: str, variant: str, least: int, level: float
) -> dict[str, Any]:
    tilt = rng.normal(0, 0.12, len(BENCHMARKS))
    points = []
    for n in range(least, 9):
        mean = level - 0.17 * (1 - np.log(n) / np.log(8))
        each = np.clip(mean + tilt - tilt.mean(), 0, 1)
        runs = (mean + rng.normal(0, 0.008, 3)).tolist() if variant else [float(mean)]
        points.append(
            {
                "n": n,
                "coverage": {"mean": mean, "low": mean - 0.03, "high": mean + 0.03},
                "benchmarks": dict(zip(BENCHMARKS, each.tolist(), strict=True)),
                "runs": runs,
                "models": 1 if group in ("control", "big") else min(n, 8),
                "parameters": 904_704 if group == "big" else 231_168 * (1 if group == "control" else n),
                "tokens": 9.5 * n,
                "flops": 4.6e5 * 30 * n,
            }
        )
    cut = dict.fromkeys(BENCHMARKS, 0.013)
    return {
        "id": identity,
        "name": name,
        "group": group,
        "variant": variant,
        "coverage": points,
        "cut_off": cut,
    }


def _claims(table: str, ours: dict[str, Any], methods: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for rival in methods[1:]:
        if (rival["group"] == "variant") != (table == "variants") and rival["variant"] != "random_search":
            continue
        if table == "variants" and rival["group"] != "variant":
            continue
        for n in (3, 8):
            at = {point["n"]: point["coverage"]["mean"] for point in rival["coverage"]}
            rival_n = 1 if list(at) == [1] else n
            if rival_n not in at:
                continue
            mean = ours["coverage"][n - 1]["coverage"]["mean"] - at[rival_n]
            p = float(np.exp(-abs(mean) * 140))
            verdict = "undecided" if min(1, p * 10) > 0.05 else "better" if mean > 0 else "worse"
            test = {
                "mean": mean,
                "low": mean - 0.028,
                "high": mean + 0.028,
                "p": p,
                "sides": "two",
                "holm": min(1, p * 10),
            }
            found.append(
                {
                    "table": table,
                    "ours": ours["id"],
                    "rival": rival["id"],
                    "n": n,
                    "rival_n": rival_n,
                    "difference": mean,
                    "benchmarks": dict.fromkeys(BENCHMARKS, mean),
                    "runs": [mean - 0.01, mean, mean + 0.01],
                    "bootstrap": test,
                    "sign_flip": max(p, 2 / 256),
                    "sign_flip_holm": min(1.0, max(p, 2 / 256) * 10),
                    "paired_t": test,
                    "published": test | {"sides": "one"},
                    "published_converged": test | {"sides": "one"},
                    "published_raw": None,
                    "verdict": verdict,
                }
            )
    return found


def _final_answers(ours: dict[str, Any], methods: list[dict[str, Any]]) -> dict[str, Any]:
    """A third of what choosing can gain, for everybody; a big model that answers once has nothing to choose from."""
    rows = []
    for method in methods:
        if method["group"] in ("choice", "archive", "variant"):
            continue
        at = {point["n"]: point["coverage"]["mean"] for point in method["coverage"]}
        for n in (3, 8):
            size = 1 if list(at) == [1] else n
            if size not in at:
                continue
            covered, random = at[size], at[size] if size == 1 else at[size] - 0.24
            mean = random + (covered - random) / 3
            best = ours["coverage"][n - 1]["coverage"]["mean"] - 0.16 - mean
            rows.append(
                {
                    "method": method["id"],
                    "n": size,
                    "selector": "majority",
                    "chosen": {"mean": mean, "low": mean - 0.03, "high": mean + 0.03},
                    "random": random,
                    "covered": covered,
                    "efficiency": None if size == 1 else {"mean": 1 / 3, "low": 0.21, "high": 0.44},
                    "gain": None
                    if method is ours
                    else {"mean": best, "low": best - 0.04, "high": best + 0.04},
                    "ours_n": None if method is ours else n,
                    "benchmarks": dict.fromkeys(BENCHMARKS, mean),
                    "sets": 1 if method is ours else 4,
                    "drawn": 0.0 if size == 1 else 0.25,
                }
            )
    why = "these results hold no log-probabilities of tokens"
    return {"rows": rows, "not_run": {"logprob": why}, "compared_by": "plain normalisation"}


def _null(n: int) -> dict[str, Any]:
    def estimate(mean: float) -> dict[str, float]:
        return {"mean": mean, "low": mean - 0.02, "high": mean + 0.02}

    expected, chosen = 0.44 + 0.01 * n, 0.46 + 0.01 * n
    return {
        "variant": "acdc",
        "n": n,
        "expected": estimate(expected),
        "chosen": estimate(chosen),
        "gain": estimate(chosen - expected),
        "archive": [16, 16, 16],
    }


def _member(rng: np.random.Generator, seed: int, place: int) -> dict[str, Any]:
    alone = rng.random(len(BENCHMARKS)) * 0.6
    return {
        "variant": "acdc",
        "seed": seed,
        "place": place,
        "model": f"g{2 * place:03d}c00",
        "alone": float(alone.mean()),
        "benchmarks": dict(zip(BENCHMARKS, alone.tolist(), strict=True)),
        "unique": 9 - place,
        "shapley": 0.5 / 8,
        "without": 0.5,
    }


def _example(i: int, benchmark: str) -> dict[str, Any]:
    replies = [
        {"model": f"g{2 * k:03d}c00", "text": "jihgf" if k != 2 else "fghij", "correct": k == 2}
        for k in range(1, 9)
    ]
    if i == 0:
        replies[0]["text"] = HOSTILE
    prompt = "<usr>op: rev  x: jihgf<ast>"
    return {
        "benchmark": benchmark,
        "question": f"q{i}",
        "prompt": prompt,
        "target": "fghij",
        "seed": 0,
        "replies": replies,
    }


def _tasks(count: int) -> list[TaskFamily]:
    pairs = [(domain, skill) for domain, skills in SKILLS.items() for skill in skills]
    tasks = []
    for i in range(count):
        domain, skill = pairs[i % len(pairs)]
        words = f"{skill} of bdace" if i != 3 else f"{skill} {HOSTILE}"
        tasks.append(
            TaskFamily(
                id=f"t{i:04d}",
                source="class TaskFamily: ...",
                name=f'{skill} asked as "{skill} of …", level two',
                description="A question.",
                capability=f"{domain}: {skill}",
                difficulty=1 + i % 5,
                example_instruction=words,
                reference="abcde",
                is_code=False,
                provenance=Provenance(
                    None if i < 4 else "t0000", "seed" if i < 4 else "novel", 5 * (i // 40)
                ),
                examples=(Example("0", words),),
            )
        )
    return tasks


def _run(layout: Layout, variant: str, seed: int, generations: int, rng: np.random.Generator) -> None:
    directory = layout.run(FAMILY, variant, seed)
    store = RunStore.create_or_resume(directory, "0" * 32)
    tasks = _tasks(60)
    with store.transaction():
        what = {
            "family": FAMILY,
            "variant": variant,
            "seed": seed,
            "versions": {"engine": "made up 1"},
            "sandbox": ["worker", "seccomp"],
        }
        store.set_meta("run", dump(what))
        store.set_meta("settings", dump({"population": 16, "mutation": {"kind": "svd_noise", "scale": 0.02}}))
        store.add_tasks([(task.id, task.provenance.generation, dump(task.to_json())) for task in tasks])
    archive = _evolve(store, rng, seed, generations, tasks)
    individuals = [row.id for row in store.individuals()]
    _answer(store, rng, tasks, [*archive[:12], *SEEDS])
    members = [f"g{2 * place:03d}c00" for place in range(1, 9) if 2 * place <= generations]
    members += [name for name in individuals if name not in members][: 8 - len(members)]
    rows = {row.id: row for row in store.individuals()}
    store.finish()
    chosen = [*members, *(name for name in archive if name not in members)]
    journal = Journal(directory)
    journal.begin(generations=generations, layers=["worker", "seccomp"], versions={})
    journal.note("examined", answers=12_000, tokens=110_000)
    journal.note("finished")
    journal.close()
    skills = {name: "".join("01"[int(x)] for x in rng.random(len(tasks)) < 0.45) for name in chosen}
    alike = "acdc" if variant == "no_gibberish_filter" else variant  # a filter that never found anything
    document = {
        "family": FAMILY,
        "variant": variant,
        "seed": seed,
        "candidates": [
            {
                "id": name,
                "generation": rows[name][2],
                "weights_hash": f"{alike} {name}",
                "recipe": json.loads(rows[name][3]),
            }
            for name in chosen
        ],
        "archive": archive,
        "forces": {"coverage": members, "fitness": members[::-1], "random": members},
        "synthetic": {
            rule: {str(n): 0.5 + 0.03 * n for n in range(1, 9)} for rule in ("coverage", "fitness", "random")
        },
        "exact": {"8": {"members": members, "coverage": 0.75, "bound": 0.75, "proven": True}},
        "fitness": dict.fromkeys(chosen, 0.45),
        "tasks": [f"{task.id}/0" for task in tasks],
        "dropped_tasks": 0,
        "skills": skills,
        "absent_seeds": [],
    }
    _write(layout.taskforce(FAMILY, variant, seed), document)


def _evolve(
    store: RunStore, rng: np.random.Generator, seed: int, generations: int, tasks: list[TaskFamily]
) -> list[str]:
    archive: list[str] = []
    created = 0
    crossover, mutation = (
        CrossoverSettings(std=1.0, weights="absolute"),
        MutationSettings(relative=True, scale=0.02),
    )
    for generation in range(generations + 1):
        newborn: list[tuple[str, Recipe]] = (
            [(name, seed_recipe(name)) for name in SEEDS] if generation == 0 else []
        )
        parents = list(SEEDS) if generation == 0 else archive
        for index in range(12 if generation == 0 else 8):
            pair = rng.choice(len(parents), 2, replace=False)
            weights = np.abs(rng.normal(1, 1, 2))
            recipe = child_recipe(
                [parents[i] for i in pair],
                weights,
                crossover,
                mutation,
                seed=seed,
                indices=(generation, index),
            )
            newborn.append((f"g{generation:03d}c{index:02d}", recipe))
        with store.transaction():
            for name, recipe in newborn:
                store.add_individual(created, name, generation, recipe.to_json(), "00")
                created += 1
            if generation % 5 == 0:
                events = [
                    {
                        "kind": "accepted",
                        "task": task.id,
                        "generation": generation,
                        "detail": "",
                        "rejection": None,
                    }
                    for task in tasks[:30]
                ]
                snapshot = {"active": [task.id for task in tasks[:40]]}
                store.add_pool(generation, dump(snapshot), dump(events), {"accepted": len(events)})
        kept = [name for name, _ in newborn[:3]] if generation else [name for name, _ in newborn]
        archive = [*kept, *archive][:16]
        level = 0.7 + 0.1 * np.tanh(generation / 8) - 0.02 * (generation // 5) + rng.normal(0, 0.01)
        statistics = {
            "coverage": float(level),
            "best_fitness": float(level - 0.2),
            "mean_fitness": float(level - 0.32),
            "tasks": 40,
            "newborn": len(newborn),
            "gibberish": int(generation % 3 == 0),
            "new_in_archive": len(kept),
            "task_events": {"accepted": 30, "rejected": 8} if generation % 5 == 0 else {},
        }
        store.add_generation(Generation(generation, tuple(archive), (), statistics))
    return archive


def _answer(store: RunStore, rng: np.random.Generator, tasks: list[TaskFamily], names: list[str]) -> None:
    members = [f"g{2 * place:03d}c00" for place in range(1, 9)]
    cells = []
    for name in dict.fromkeys([*names, *members]):
        for task in tasks:
            passed = bool(rng.random() < 0.45)
            reply = task.reference if passed else HOSTILE if rng.random() < 0.05 else "edcba"
            cells.append(
                Cell(
                    name,
                    task.id,
                    "0",
                    "pass" if passed else "fail",
                    float(passed),
                    None if passed else "answer",
                    None,
                    reply,
                    "stop",
                    6,
                )
            )
    store.put_cells(cells)


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")


if __name__ == "__main__":
    project(Path(sys.argv[1]), offset=float(sys.argv[2]) if len(sys.argv) > 2 else 0.0)
