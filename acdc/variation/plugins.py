"""The built-in crossovers and mutations, as pyproject.toml registers them; their settings are their section's own fields."""

from acdc.registry import Plugin
from acdc.variation.crossover import linear_rule, task_arithmetic_rule
from acdc.variation.mergekit_methods import rule
from acdc.variation.rule import TensorChange, TensorMerge
from acdc.variation.settings import CrossoverSettings, Drawn, MutationSettings


def _linear(settings: CrossoverSettings, drawn: Drawn) -> TensorMerge:
    return linear_rule(drawn.weights, drawn.precision)


def _task_arithmetic(settings: CrossoverSettings, drawn: Drawn) -> TensorMerge:
    return task_arithmetic_rule(drawn.weights, settings.lam, drawn.precision)


def _mergekit(settings: CrossoverSettings, drawn: Drawn) -> TensorMerge:
    return rule(settings, drawn.weights, drawn.stream)


def _svd_noise(settings: MutationSettings, drawn: Drawn) -> TensorChange:
    from acdc.variation.svd_noise import SvdNoise

    return SvdNoise(
        rank=settings.rank,
        scale=settings.scale,
        relative=settings.relative,
        generator=drawn.generator(),
        precision=drawn.precision,
    ).added


def _none(settings: MutationSettings, drawn: Drawn) -> None:
    return None


LINEAR = Plugin(_linear, CrossoverSettings, cost="one pass over the parents")
TASK_ARITHMETIC = Plugin(_task_arithmetic, CrossoverSettings, cost="one pass over the parents")
SLERP = Plugin(_mergekit, CrossoverSettings, ("mergekit (the extra merge)",), "copies of the largest tensor")
SPARSE = Plugin(
    _mergekit, CrossoverSettings, ("mergekit (the extra merge)",), "ten copies of the largest tensor"
)
SVD_NOISE = Plugin(_svd_noise, MutationSettings, cost="a partial eigenproblem for each matrix")
NONE = Plugin(_none, MutationSettings)
