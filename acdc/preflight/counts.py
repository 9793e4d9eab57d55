"""What a long command is about to do, in numbers, before anything is loaded or written."""

from dataclasses import asdict, dataclass

from acdc.config.evolution import EvolutionSettings
from acdc.tasks import task_file

BYTES_PER_CELL = (
    220  # measured on finished runs of the tiny family: a row of the store with its reply and keys
)


@dataclass(frozen=True)
class EvolutionPlan:
    """The most that one run can cost; filters and thinning make it less.

    Attributes:
        individuals: Models that will exist, seeds included.
        tasks_active: Most active tasks at a time.
        tasks_ever: Most tasks ever asked for.
        answers: Most answers, backfill included.
        tokens: Most generated tokens.
        store_megabytes: Expected size of the run's store.
        weights_megabytes: Expected size of the weights that stay on disk; 0 where the size of a model is not known.
    """

    individuals: int
    generations: int
    tasks_active: int
    tasks_ever: int
    answers: int
    tokens: int
    store_megabytes: float
    weights_megabytes: float

    def to_json(self) -> dict[str, float]:
        """As a plain mapping."""
        return asdict(self)

    def text(self) -> str:
        """As lines for a person."""
        weights = f" and {self.weights_megabytes:.0f} MB of weights" if self.weights_megabytes else ""
        return (
            f"  {self.individuals} models over {self.generations} generations\n"
            f"  {self.tasks_active} tasks active at a time, at most {self.tasks_ever} ever\n"
            f"  at most {self.answers:,} answers ({self.tokens:,} tokens)\n"
            f"  about {self.store_megabytes:.0f} MB of results{weights} on disk"
        )


def plan(settings: EvolutionSettings, model_bytes: int, seeds: int = 4) -> EvolutionPlan:
    """The plan of one run.

    Args:
        settings: The run's settings.
        model_bytes: Size of one model on disk; 0 where it is not known yet.
        seeds: How many seed models the family has.
    """
    tasks, generations = settings.tasks, settings.generations
    founders = max(settings.population, seeds)
    offspring = 0 if settings.models == "founders" else settings.offspring
    evolutions = generations // tasks.interval  # of a static pool the window moves as often
    ever = tasks.initial_target + evolutions * tasks.adapt
    if tasks.source is not None:
        ever = len(task_file.read(tasks.source))
    elif tasks.static:
        ever = max(tasks.choice_tasks or 0, tasks.cap)
    active = tasks.cap * tasks.examples_per_task
    renewed = min(tasks.adapt, tasks.cap) * tasks.examples_per_task
    answers = founders * active + generations * offspring * active
    answers += evolutions * (settings.population + offspring) * renewed
    kept = {"none": 0, "archive": settings.population}
    weights = kept.get(
        settings.keep_weights, settings.population * (1 + generations // settings.candidates_every)
    )
    return EvolutionPlan(
        individuals=founders + generations * offspring,
        generations=generations,
        tasks_active=tasks.cap,
        tasks_ever=ever,
        answers=answers,
        tokens=answers * settings.answer_tokens,
        store_megabytes=answers * BYTES_PER_CELL / 1e6,
        weights_megabytes=weights * model_bytes / 1e6,
    )
