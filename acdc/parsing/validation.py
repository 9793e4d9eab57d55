"""From a pydantic error to a sentence a person can act on: where in the YAML, what was expected, the nearest name."""

import difflib
import types
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from acdc.errors import InputError

Model = TypeVar("Model", bound=BaseModel)  # Python 3.11 has no type parameters


def nearest(name: str, valid: Iterable[str]) -> str:
    """A clause that names the closest valid name, or all valid names where none is close."""
    names = sorted(map(str, valid))
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    if close:
        return f"did you mean '{close[0]}'? (valid: {', '.join(names)})"
    return f"valid: {', '.join(names) if names else 'none'}"


def check_keys(model: type[BaseModel], data: object, where: str) -> None:
    """Check names and types of a layer that will be merged with others; rules between fields wait for the merged whole.

    Raises:
        InputError: As :func:`validate`.
    """
    try:
        model.model_validate(data)
    except ValidationError as error:
        if lines := describe(error, model, where, skip=("value_error",)):
            raise InputError("\n".join(lines)) from None


def validate(model: type[Model], data: object, where: str) -> Model:
    """Parse ``data`` as ``model``.

    Args:
        model: The section's type.
        data: What YAML gave.
        where: Path of this section in the file, for the message (``evolution.mutation``).

    Raises:
        InputError: With one line per fault: its YAML path, what was expected and what came.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InputError("\n".join(describe(error, model, where))) from None


def describe(
    error: ValidationError, model: type[BaseModel], where: str, skip: tuple[str, ...] = ()
) -> list[str]:
    """One line for each fault in a pydantic error, but those of the types in ``skip``."""
    lines = []
    for fault in (fault for fault in error.errors() if fault["type"] not in skip):
        path = ".".join([where, *map(str, fault["loc"])]).strip(".")
        if fault["type"] == "extra_forbidden":
            fields = _fields_at(model, fault["loc"][:-1])
            lines.append(f"{path}: unknown key; {nearest(str(fault['loc'][-1]), fields)}")
        elif fault["type"] == "missing":
            lines.append(f"{path}: required, but not there")
        else:
            came = fault.get("input")
            said = fault["msg"].removeprefix("Value error, ")
            # A rule between fields speaks for itself, and the section may hold what nobody should read.
            shown = (
                ""
                if isinstance(came, Mapping) and fault["type"] == "value_error"
                else f", but got {came!r:.80}"
            )
            lines.append(f"{path}: {said[0].lower()}{said[1:]}{shown}".removeprefix(": "))
    return lines


def _fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Names of the fields of the model found by walking ``location`` down from ``model``."""
    here: Any = model
    for step in location:
        here = (
            _inner_model(here.model_fields[step].annotation)
            if step in getattr(here, "model_fields", {})
            else here
        )
        if here is None:
            return []
    return list(here.model_fields)


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as ``Model``, ``Model | None`` or ``dict[str, Model]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType, dict, list, tuple):
        for part in get_args(annotation):
            if (found := _inner_model(part)) is not None:
                return found
    return None


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Overlays in order, later ones win; mappings are merged key by key, everything else is replaced."""
    result: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            old = result.get(name)
            both = isinstance(old, Mapping) and isinstance(value, Mapping)
            result[name] = merged(old, value) if both else value  # type: ignore[arg-type]
    return result
