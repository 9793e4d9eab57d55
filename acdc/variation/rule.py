"""What crossovers and mutations are: the shape of a rule, and how a rule is found and applied to a tensor.

A crossover of one's own is a function of its settings and a :class:`acdc.variation.settings.Drawn` that returns a
:data:`TensorMerge`; a mutation returns a :data:`TensorChange` (docs/extending.md).
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from acdc.errors import InputError
from acdc.variation.settings import CrossoverSettings, Drawn, MutationSettings

if TYPE_CHECKING:
    from torch import Tensor

    from acdc.weights.tensors import Weights

TensorMerge = Callable[[str, "Tensor", "Sequence[Tensor]"], "Tensor"]
"""(name, the base's tensor, the parents' tensors) -> the child's, new, in the base's dtype; all of one shape."""
TensorChange = Callable[[str, "Tensor"], "Tensor"]
"""(name, a merged tensor) -> the mutated one, in its dtype; it may be changed in place. Names come in sorted order."""


def crossover_rule(settings: CrossoverSettings, drawn: Drawn) -> TensorMerge:
    """The crossover that the settings name, for one child.

    Raises:
        InputError: The plugin is not there, or does not take what was drawn.
    """
    plugin, options = settings.resolved()
    rule: TensorMerge = plugin.call(options, drawn)
    return rule


def mutation_rule(settings: MutationSettings, drawn: Drawn) -> TensorChange | None:
    """The mutation that the settings name, for one child; None: it changes nothing. Raises as :func:`crossover_rule`."""
    plugin, options = settings.resolved()
    rule: TensorChange | None = plugin.call(options, drawn)
    return rule


def check_parents(base: Sequence[str], parents: "Sequence[Weights]", weights: int) -> None:
    """Refuse parents that can't be merged; shapes are compared tensor by tensor in :func:`merged`.

    Raises:
        InputError: There is no parent, another number of weights, or a name is in one model only.
    """
    if not parents:
        raise InputError("Crossover needs at least one parent.")
    if len(parents) != weights:
        raise InputError(
            f"Crossover got {len(parents)} parents and {weights} weights; give one weight per parent."
        )
    for index, parent in enumerate(parents):
        different = sorted(set(base) ^ set(parent))
        if different:
            raise InputError(
                f"Parent {index} and base do not have the same tensors: {different[0]!r} is in one of them only."
            )


def merged(merge: TensorMerge, name: str, base: "Tensor", parents: "Sequence[Tensor]") -> "Tensor":
    """One tensor of the child, a new one.

    Raises:
        InputError: A shape is not the base's, or the rule's result has another shape or dtype.
    """
    for index, parent in enumerate(parents):
        if parent.shape != base.shape:
            raise InputError(
                f"Parent {index} has shape {tuple(parent.shape)} for {name!r}, the base {tuple(base.shape)}."
            )
    if not base.is_floating_point():
        return base.clone()
    child = merge(name, base, parents)
    if child.shape != base.shape or child.dtype != base.dtype:
        raise InputError(
            f"The crossover made {name!r} {tuple(child.shape)} in {child.dtype}; the base has {tuple(base.shape)} in "
            f"{base.dtype}."
        )
    return child
