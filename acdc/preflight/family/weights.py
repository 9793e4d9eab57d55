"""Can the parts be merged? Architecture, names, shapes, types, and what happens to vocabularies of other sizes."""

from collections.abc import Mapping

from acdc.errors import InputError
from acdc.preflight.family.finding import Finding
from acdc.preflight.family.part import Part
from acdc.weights.tensors import check_like
from acdc.weights.vocabulary import fitted_shapes, other_rows

_TYPES = {"float32": "F32", "bfloat16": "BF16", "float16": "F16"}
# Fields that change what a model computes although every tensor has the same shape.
_SAME = (
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "hidden_act",
    "rope_theta",
    "rope_parameters",
    "rope_scaling",
    "rms_norm_eps",
    "layer_norm_eps",
    "rotary_pct",
    "tie_word_embeddings",
    "sliding_window",
    "use_sliding_window",
    "max_position_embeddings",
)


def weight_checks(members: Mapping[str, Part], general: str, dtype: str) -> list[Finding]:
    """Compare base and seeds.

    Args:
        members: Base and seeds by role, those that could be looked at.
        general: Role of the seed whose vocabulary is the family's.
        dtype: What the family computes in.
    """
    if "base" not in members or general not in members:
        return [Finding("note", "shapes", "not compared: base or general seed could not be looked at")]
    base = members["base"]
    findings = _architectures(members, base)
    findings += _shapes(members, base, members[general])
    for role, part in members.items():
        if role != general:
            findings += _configurations(part, members[general])
    for role, part in members.items():
        types = part.stored_types
        if types and types[0] != _TYPES[dtype]:
            findings.append(
                Finding("note", "dtype", f"stored in {types[0]}, merged as stored, asked in {dtype}", role)
            )
    return findings


def _architectures(members: Mapping[str, Part], base: Part) -> list[Finding]:
    others = [
        Finding(
            "error",
            "architecture",
            f"a {part.architecture!r} model, the base is a {base.architecture!r}: take seeds tuned from the base",
            role,
        )
        for role, part in members.items()
        if part.architecture != base.architecture
    ]
    return others or [
        Finding("ok", "architecture", f"{base.architecture}, {base.parameters:,} parameters each")
    ]


def _shapes(members: Mapping[str, Part], base: Part, general: Part) -> list[Finding]:
    """Names and shapes against the base's, once vocabularies have the general seed's number of rows."""
    findings, sound = [], True
    fitted = {}
    for role, part in members.items():
        rows = other_rows(part.shapes, general.shapes, part.configuration, general.configuration)
        fitted[role] = fitted_shapes(part.shapes, rows)
        for there, wanted in sorted(set(rows.values())):
            tensors = " and ".join(sorted(rows))
            done = (
                "rows beyond are left out"
                if there > wanted
                else f"rows {there} to {wanted - 1} are the general seed's"
            )
            findings.append(
                Finding(
                    "note", "vocabulary", f"{tensors}: {there} rows, the general seed {wanted}; {done}", role
                )
            )
    for role in members:
        try:
            check_like(fitted[role], fitted["base"], role)
        except InputError as error:
            sound = False
            findings.append(Finding("error", "shapes", str(error), role))
    if sound:
        findings.append(Finding("ok", "shapes", f"{len(fitted['base'])} tensors, the same in all"))
    return findings


def _configurations(part: Part, general: Part) -> list[Finding]:
    """Settings that differ from the general seed's; all models are asked with the general seed's settings."""
    mine, theirs = part.configuration, general.configuration
    differ = [
        f"{name} {mine[name]!r} (general: {theirs[name]!r})"
        for name in _SAME
        if name in mine and name in theirs and mine[name] != theirs[name]
    ]
    if not differ:
        return []
    said = f"trained with {', '.join(differ)}; individuals are asked with the general seed's"
    return [Finding("warning", "configuration", said, part.role)]
