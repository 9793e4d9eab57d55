"""What makes a run this run: everything that can change one of its results, and the hash of it.

The part that settings decide (:func:`asked`) is kept in the store as it is, so that later stages can tell without
loading a model whether a run belongs to the settings of today. Weights and versions join it in the hash.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from acdc.config.config import Config
from acdc.config.run_spec import RunKey, RunSpec
from acdc.engines.plugins import ENGINES
from acdc.errors import InputError
from acdc.families.family import Family
from acdc.runs.endpoints import endpoints
from acdc.storage.database import STORE_VERSION
from acdc.storage.store import RunStore, dump
from acdc.tasks import task_file
from acdc.tasks.plugins import EMBEDDERS, SCIENTISTS

METHOD_VERSION = 3
"""Counted up whenever crossover, mutation, selection, the rules of the pool, extraction or verdicts change a result."""

RESULTS_DO_NOT_DEPEND_ON = ("generations", "keep_weights", "max_missing", "candidates_every")
_TEMPLATE_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
)


def asked(config: Config, run: RunSpec, replayed: Mapping[str, str] | None = None) -> dict[str, object]:
    """What the settings say about a run, as plain values.

    Args:
        config: All settings.
        run: The run; its seed makes no difference here.
        replayed: Hashes of what it takes from other runs (:attr:`acdc.runs.replay.Replays.identities`).

    Raises:
        InputError: The file of tasks that the settings name is not there.
    """
    settings, of_family = run.settings, config.family(run.key.family)
    named = endpoints(config, settings)
    scientist, answers, embedder = (named.get(role) for role in ("scientist", "answers", "embedder"))
    sandbox = config.sandbox.model_dump(mode="json", include={"limits", "preload", "allow_self_executing"})
    plugins = {
        "engine": ENGINES.identity_of(config.engine_of(run.key.family)),
        "scientist": SCIENTISTS.identity_of(config.scientist_of(settings)),
        "embedder": EMBEDDERS.identity_of(config.embedder),
    }
    evolution = settings.model_dump(mode="json", exclude=set(RESULTS_DO_NOT_DEPEND_ON))
    if settings.tasks.source is not None:  # what the file says counts, not where it lies
        evolution["tasks"]["source"] = task_file.content_hash(settings.tasks.source)
    return {
        "evolution": evolution,
        "engine": config.engine_of(run.key.family).identity(),
        "scientist": config.scientist_of(settings).model_dump(mode="json")
        if scientist is None
        else scientist.identity(),
        "embedder": config.embedder.model_dump(mode="json", exclude={"path"})
        if embedder is None
        else embedder.identity(),
        "sandbox": sandbox,
        "chat_template_args": of_family.chat_template_args,
        "dtype": of_family.dtype,
        **({"plugins": external} if (external := {role: it for role, it in plugins.items() if it}) else {}),
        **({"replayed": dict(replayed)} if replayed else {}),
        **({} if answers is None else {"judge of answers": answers.identity()}),
        **({"stop_tokens": list(of_family.stop_tokens)} if of_family.stop_tokens else {}),
    }


def settings_hash(
    wanted: Mapping[str, object], founders: Mapping[str, str], versions: Mapping[str, str], seed: int
) -> str:
    """Hash of everything that can change a result of a run.

    Args:
        wanted: From :func:`asked`.
        founders: Content hashes of base and seeds, and of the tokenizer's files.
        versions: Of engine, scientist, embedder and judges.
        seed: Run seed.
    """
    parts = {
        "store": STORE_VERSION,
        "method": METHOD_VERSION,
        "asked": dict(wanted),
        "founders": dict(founders),
        "versions": dict(versions),
        "seed": seed,
    }
    return hashlib.blake2b(dump(parts).encode(), digest_size=16).hexdigest()


def template_hash(family: Family) -> str:
    """Hash of the files that turn a message into tokens."""
    digest = hashlib.blake2b(digest_size=16)
    for name in _TEMPLATE_FILES:
        path: Path = family.tokenizer_dir / name
        digest.update(f"{name}\x1f".encode() + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()


def check_made_of(store: RunStore, wanted: Mapping[str, object], run: RunKey) -> None:
    """Refuse a finished run that other settings made.

    Args:
        store: The run's store.
        wanted: From :func:`asked`, of today.
        run: For the message.

    Raises:
        InputError: Says in what they differ and what to run.
    """
    today = json.loads(dump(wanted))
    made = json.loads(store.meta("asked") or "{}")
    differing = [key for key in today if made.get(key) != today[key]]
    if differing:
        raise InputError(
            f"{store.directory}: made with other settings than there are now (they differ in {', '.join(differing)}); "
            f"run `acdc evolve {run.family} {run.variant}` first"
        )
