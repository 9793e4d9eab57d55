"""How much disk and memory a family needs, from headers and settings alone.

An upper bound where it cannot be known: weights kept on disk are those of `evolution.keep_weights`, and the memory of merging is
that of every member at once. Graphics memory is weights and key-value cache; what an engine sets aside for itself comes on top.
"""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from acdc.config.evolution import EvolutionSettings
from acdc.engines.settings import AnyEngineSettings, EngineSettings, VllmSettings
from acdc.families import hub
from acdc.preflight.counts import plan
from acdc.preflight.family.finding import Finding
from acdc.preflight.family.part import Part
from acdc.processes.machine import memory

GB = 1e9
_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
# transformers' name of a field, and what older architectures call it
_LAYERS = ("num_hidden_layers", "n_layer", "num_layers")
_HEADS = ("num_attention_heads", "n_head", "num_heads")
_HIDDEN = ("hidden_size", "n_embd", "d_model")


@dataclass(frozen=True)
class Needs:
    """Bytes.

    Attributes:
        download: Weights still to be fetched from the hub.
        kept: Weights that runs leave on disk, all runs together.
        runs: How many runs that is.
        merging: Main memory for base, seeds, two parents and a child at once.
        weights: Of one individual in an engine.
        cache: Of one prompt with its answer in an engine, at the longest; None where the configuration does not say.
        big: Of the big model's weights.
    """

    download: int
    kept: int
    runs: int
    merging: int
    weights: int
    cache: int | None
    big: int

    def to_json(self) -> dict[str, object]:
        """As a plain mapping."""
        return asdict(self)


def needs(
    parts: Mapping[str, Part],
    general: str,
    dtype: str,
    settings: EvolutionSettings,
    engine: AnyEngineSettings,
    runs: int,
) -> Needs:
    """What a family needs.

    Args:
        parts: By role.
        general: Role of the seed whose architecture all models share.
        dtype: What the family computes in.
        settings: Of a run.
        engine: Of the family.
        runs: Variants times run seeds.
    """
    members = {role: part for role, part in parts.items() if role != "big"}
    model = max(part.weight_bytes for part in members.values())
    part = parts[general]
    one = part.parameters * _BYTES[dtype] or part.weight_bytes
    each = plan(settings, model, seeds=len(members) - 1).weights_megabytes * 1e6
    token = _cache_of_a_token(part.configuration, dtype)
    return Needs(
        download=sum(p.weight_bytes for p in parts.values() if p.on_hub and not p.local),
        kept=round(each * runs),
        runs=runs,
        merging=sum(p.weight_bytes for p in members.values()) + 3 * model,
        weights=one,
        cache=None
        if token is None
        else token * _longest(engine, part.configuration, settings.max_new_tokens),
        big=parts["big"].weight_bytes if "big" in parts else 0,
    )


def _longest(engine: AnyEngineSettings, configuration: Mapping[str, Any], budget: int) -> int:
    """Tokens of the longest prompt and answer together that the engine takes."""
    if isinstance(engine, EngineSettings):
        return max(engine.widths) + budget
    bound = {**configuration, **configuration.get("text_config", {})}.get("max_position_embeddings") or budget
    asked = engine.context if isinstance(engine, VllmSettings) else None
    return min(int(bound), asked or int(bound))


def need_checks(found: Needs, place: Path) -> list[Finding]:
    """Compare with this machine; a shortage is a warning, because another machine may do the work.

    Args:
        found: Of :func:`needs`.
        place: Where runs are written.
    """
    findings = []
    wanted, where = found.download, _existing(hub.cache())
    free = shutil.disk_usage(where).free
    if wanted:
        said = f"{size(wanted)} to download to {hub.cache()}, {size(free)} free"
        findings.append(Finding("ok" if wanted < free else "warning", "disk", said))
    free = shutil.disk_usage(_existing(place)).free
    said = f"{found.runs} runs keep {size(found.kept)} of weights (evolution.keep_weights), {size(free)} free here"
    findings.append(Finding("ok" if found.kept < free else "warning", "disk", said))
    have = memory()
    said = f"merging holds up to {size(found.merging)} in main memory" + (
        f", this machine has {size(have)}" if have else ""
    )
    findings.append(Finding("ok" if not have or found.merging < have else "warning", "memory", said))
    cache = (
        "cache of a prompt not known"
        if found.cache is None
        else f"{size(found.cache)} for each prompt at once"
    )
    said = f"an engine holds {size(found.weights)} of weights and {cache}"
    said += f"; the big model {size(found.big)} of weights" if found.big else ""
    return [*findings, Finding("ok", "memory", said)]


def _cache_of_a_token(configuration: Mapping[str, Any], dtype: str) -> int | None:
    """Bytes of keys and values of one token in all layers, without regard to sliding windows."""
    text: Mapping[str, Any] = configuration.get("text_config") or configuration
    layers, heads, hidden = (_first(text, names) for names in (_LAYERS, _HEADS, _HIDDEN))
    if layers is None or heads is None or hidden is None:
        return None
    pairs = text.get("num_key_value_heads") or heads
    width = text.get("head_dim") or hidden // heads
    return 2 * layers * int(pairs) * int(width) * _BYTES[dtype]


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    return next((int(fields[name]) for name in names if isinstance(fields.get(name), int)), None)


def size(count: int) -> str:
    """Bytes as a person says them: 15.2 GB, 3.2 MB."""
    if count >= GB / 10:
        return f"{count / GB:.0f} GB" if count >= 100 * GB else f"{count / GB:.1f} GB"
    return f"{count / 1e6:.1f} MB"


def _existing(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    found = path.resolve()
    while not found.exists():
        found = found.parent
    return found
