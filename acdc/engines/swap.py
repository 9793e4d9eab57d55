"""Other weights in a living model: checked by name, shape and value, then copied in place."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from acdc.errors import InputError, NumericalError
from acdc.weights.tensors import is_finite


class WeightSlots:
    """The places of a model's weights.

    A tied pair is one place with two names: filling it once fills both, and it stays tied. Names are those of the files, which are
    not always the module's own: transformers renames some as it loads them (GPT-NeoX's `embed_out`).

    Args:
        model: A torch module; its state dict gives names and shapes.
    """

    def __init__(self, model: Any) -> None:
        state: dict[str, Tensor] = dict(model.state_dict(keep_vars=False))
        stored = _as_stored(model, state)
        by_address: dict[tuple[int, torch.Size], list[str]] = {}
        for name in sorted(stored):
            by_address.setdefault((stored[name].data_ptr(), stored[name].shape), []).append(name)
        for name in sorted(set(state) - set(stored)):
            here = by_address.get((state[name].data_ptr(), state[name].shape))
            if here is not None:  # a name that files do not use; weights may
                here.append(name)
        self._places: list[tuple[tuple[str, ...], Tensor]] = [
            (tuple(names), stored[names[0]]) for names in by_address.values()
        ]

    def fill(self, weights: Mapping[str, Tensor]) -> None:
        """Check all weights, then copy all of them; nothing is copied when one is wrong.

        Raises:
            InputError: A name is missing or unknown, a shape differs, a value is not finite, or a tied pair differs.
        """
        known = {name for names, _ in self._places for name in names}
        unknown = sorted(set(weights) - known)
        if unknown:
            raise InputError(f"The model has no weight {unknown[0]!r} ({len(unknown)} unknown names in all).")
        chosen = [self._source(names, place, weights) for names, place in self._places]
        with torch.no_grad():
            for (_, place), source in zip(self._places, chosen, strict=True):
                place.copy_(source)

    @staticmethod
    def _source(names: tuple[str, ...], place: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
        given = [name for name in names if name in weights]
        if not given:
            raise InputError(
                f"The weights lack {names[0]!r}; they belong to another architecture or are incomplete."
            )
        source = weights[given[0]]
        if source.shape != place.shape:
            raise InputError(
                f"Weight {given[0]!r} has shape {tuple(source.shape)}; the model wants {tuple(place.shape)}."
            )
        if not is_finite(source, place.dtype):
            why = "holds NaN or infinite values" if not is_finite(source) else _too_large(source, place)
            raise NumericalError(f"Weight {given[0]!r} {why}; this model can't be used.")
        for other in given[1:]:
            if weights[other] is not source and not torch.equal(weights[other], source):
                raise InputError(
                    f"Weights {given[0]!r} and {other!r} are tied in the model but differ in value."
                )
        return source


def _too_large(source: Tensor, place: Tensor) -> str:
    names = [str(tensor.dtype).removeprefix("torch.") for tensor in (source, place)]
    return f"is too large for {names[1]} (it is stored in {names[0]}: take families.NAME.dtype: {names[0]})"


def _as_stored(model: Any, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The module's tensors, or views of them, by the names that files use; the module's own where that cannot be had."""
    from transformers.core_model_loading import revert_weight_conversion

    if not hasattr(model, "config"):  # no model of transformers: nothing was renamed
        return state
    stored: dict[str, Tensor] = revert_weight_conversion(model, dict(state))
    memory = {tensor.untyped_storage().data_ptr() for tensor in state.values()}
    same = all(tensor.untyped_storage().data_ptr() in memory for tensor in stored.values())
    return stored if same else state
