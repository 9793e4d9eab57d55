"""Every individual of a run: who was born of whom, and how to get its weights.

The store keeps recipes; weights are in memory while they are used, on disk where ``keep_weights`` says so, and are bred
again from the recipe otherwise. Whatever way they come, they have the hash that the store names.

Models of which two fit into the memory that is granted are made whole. Larger ones are written as they are bred, a directory of
shards each, and read from there tensor by tensor; what is not kept is deleted at the end of the generation.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from acdc.config.evolution import EvolutionSettings
from acdc.errors import InfrastructureError, InputError
from acdc.parsing.validation import nearest
from acdc.population.breeding import breed, stream_rebuilt
from acdc.population.individual import Individual
from acdc.population.recipe import Recipe, child_recipe, seed_recipe
from acdc.population.weight_cache import IN_MEMORY, WeightCache
from acdc.storage.store import IndividualRow, RunStore
from acdc.streams import stream
from acdc.variation.crossover import draw_weights
from acdc.weights.shards import Header, StoredWeights, headers, size_of, write_shards
from acdc.weights.tensors import Weights, weights_hash

if TYPE_CHECKING:
    from torch import Tensor


class Population:
    """The individuals of one run.

    Args:
        founders: Weights by name: "base", then the seeds in the family's order.
        store: The run's store; individuals that are in it exist already.
        directory: Where weights are kept, one safetensors file each.
        keep: Which weights stay on disk: those of the archive, of all candidates too, or none.
        tied: Groups of names that are one weight (:func:`acdc.variation.svd_noise.svd_noise`).
        in_memory: Bytes of weights that may be kept in memory.
        other_bits: Told of weights that were made again and have another hash than the run recorded; raises where they must not
            stand for the recorded ones (:class:`acdc.runs.other_bits.OtherBits`). Default: they never may.
    """

    def __init__(
        self,
        founders: Mapping[str, Weights],
        store: RunStore,
        directory: Path,
        keep: str = "archive",
        tied: Sequence[Sequence[str]] = (),
        in_memory: int = IN_MEMORY,
        other_bits: Callable[[Individual, Weights], None] | None = None,
    ) -> None:
        self._other_bits = other_bits or _refuse
        self._founders, self._store, self._directory, self._keep = founders, store, directory, keep
        self._tied = tied
        self._cache = WeightCache(directory, in_memory, size_of(founders["base"]))
        self._individuals = {row.id: _individual(row) for row in store.individuals()}
        for name in founders:
            if (
                name in self._individuals
                and weights_hash(founders[name]) != self._individuals[name].weights_hash
            ):
                raise InputError(
                    f"{store.directory}: the run started from another seed model {name!r} than the family has now; evolve again"
                )

    def seeds(self) -> list[str]:
        """The seed models as individuals, in the family's order; recorded at the first call."""
        names = [name for name in self._founders if name != "base"]
        for name in names:
            if name not in self._individuals:
                self._record(name, seed_recipe(name), weights_hash(self._founders[name]), 0)
        return names

    def adopt(self, rows: Sequence[IndividualRow]) -> list[str]:
        """Individuals of another run of this family, with their recipes; those known already stay. Returns their ids.

        Args:
            rows: Of the other run's store, parents before children.

        Raises:
            InputError: The other run was made from other seed models.
        """
        for row in rows:
            one = _individual(row)
            if one.recipe.kind == "seed":
                seed = str(one.recipe.name)
                if weights_hash(self._founders[seed]) != row.weights_hash:
                    raise InputError(
                        f"{self._store.directory}: the run to be replayed was made from another seed model {seed!r} than "
                        "the family has now; evolve that run again"
                    )
            if row.id not in self._individuals:
                with self._store.transaction():
                    self._store.add_individual(*row[:5])
                self._individuals[row.id] = one
        return [row.id for row in rows]

    def breed(
        self,
        archive: Sequence[str],
        settings: EvolutionSettings,
        seed: int,
        generation: int,
        count: int | None = None,
        odds: Sequence[float] | None = None,
    ) -> tuple[list[str], int]:
        """Children of two distinct parents each, drawn uniformly (method §1.3); those born already are not born again.

        Args:
            archive: Possible parents; with ``parents: seeds`` the seeds are taken instead.
            settings: Crossover, mutation and number of offspring.
            seed: Run seed.
            generation: Its number.
            count: How many, if not ``offspring``.
            odds: Probability of each member of the archive, where they are not drawn uniformly.

        Returns:
            Ids, in order of birth, and how many draws of crossover weights were thrown away (method §2).
        """
        parents = self.seeds() if settings.parents == "seeds" else list(archive)
        odds = None if settings.parents == "seeds" else odds
        children, redrawn = [], 0
        for index in range(settings.offspring if count is None else count):
            id = f"g{generation:03d}c{index:02d}"
            children.append(id)
            chosen = stream(seed, "parents", generation, index).choice(
                len(parents), size=min(2, len(parents)), replace=False, p=odds
            )
            drawn, thrown_away = draw_weights(
                stream(seed, "crossover weights", generation, index),
                len(chosen),
                std=settings.crossover.std,
                mode=settings.crossover.weights,
            )
            redrawn += thrown_away
            if id in self._individuals:
                continue
            recipe = child_recipe(
                [parents[i] for i in chosen],
                drawn,
                settings.crossover,
                settings.mutation,
                seed=seed,
                indices=(generation, index),
                device=settings.device,
            )
            self._create(id, recipe, generation)
        return children, redrawn

    def created(self, id: str) -> int:
        """Place in the order of creation."""
        return self._individuals[id].created

    def weights_hash(self, id: str) -> str:
        """Content hash of the weights."""
        return self._individuals[id].weights_hash

    def weights(self, id: str) -> Weights:
        """The weights of an individual: from memory, from disk, or bred again.

        Raises:
            InfrastructureError: Bred again they have another hash, and may not stand for the recorded ones.
        """
        individual = self._individuals[id]
        if individual.recipe.kind == "seed":
            return self._founders[str(individual.recipe.name)]
        weights = self._cache.find(individual)
        if weights is None:
            weights = dict(self._made(individual.recipe))
            if weights_hash(weights) != individual.weights_hash:
                self._other_bits(individual, weights)
        self._cache.remember(id, weights)
        return weights

    def made_again(self, id: str) -> "tuple[Individual, dict[str, Header], Iterator[tuple[str, Tensor]]]":
        """An individual's weights made from its recipe, whatever is kept of it, as (name, tensor) in sorted order.

        Returns:
            The individual, what is known of its tensors beforehand, and the tensors.

        Raises:
            InputError: There is no such individual, or it is a seed.
        """
        if id not in self._individuals:
            raise InputError(
                f"{self._store.directory}: no individual {id!r}; {nearest(id, self._individuals)}"
            )
        individual = self._individuals[id]
        if individual.recipe.kind == "seed":
            raise InputError(
                f"{id} is a seed; its weights are in its family's directory, so it is not rebuilt"
            )
        return individual, headers(self._founders["base"]), self._made(individual.recipe)

    def keep(self, archive: Sequence[str], *, candidate: bool) -> None:
        """Bring the disk in line with ``keep_weights`` at the end of a generation.

        Args:
            archive: The present archive.
            candidate: Whether its members are candidates for the task force.
        """
        if self._keep == "none" and not self._directory.is_dir():
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        new = archive if candidate and self._keep == "candidates" else ()
        marked = self._cache.candidates(new, self._individuals)
        kept = set() if self._keep == "none" else {*archive, *marked}
        wanted = {id for id in kept if self._individuals[id].recipe.kind == "child"}
        self._cache.keep_only(wanted, self._write)

    def _create(self, id: str, recipe: Recipe, generation: int) -> None:
        """Make a child's weights, in memory or on disk, and record it."""
        if self._cache.whole:
            parents = [self.weights(parent) for parent in recipe.parents]
            weights = breed(recipe, self._founders["base"], parents, tied=self._tied)
            self._record(id, recipe, weights_hash(weights), generation)
            self._cache.remember(id, weights)
        else:
            self._record(id, recipe, self._staged(id, recipe), generation)
            self._cache.was_written(id)

    def _staged(
        self, id: str, recipe: Recipe, accept: Callable[[str, Path], None] = lambda found, where: None
    ) -> str:
        """Write a child as it is made from whatever of its ancestors is at hand; its hash."""
        return write_shards(self._made(recipe), headers(self._founders["base"]), self._cache.path(id), accept)

    def _made(self, recipe: Recipe) -> "Iterator[tuple[str, Tensor]]":
        return stream_rebuilt(recipe, self._lookup, lambda name: self._founders[name], tied=self._tied)

    def _write(self, id: str) -> None:
        """Put weights that are to be kept on disk."""
        if self._cache.whole:
            self._cache.save(id, self.weights(id))
            return
        individual = self._individuals[id]

        def accept(found: str, where: Path) -> None:
            if found != individual.weights_hash:
                self._other_bits(individual, StoredWeights(where))

        self._staged(id, individual.recipe, accept)
        self._cache.was_written(id)

    def _record(self, id: str, recipe: Recipe, hash_: str, generation: int) -> None:
        individual = Individual(id, recipe, hash_, generation, len(self._individuals))
        with self._store.transaction():
            self._store.add_individual(individual.created, id, generation, recipe.to_json(), hash_)
        self._individuals[id] = individual

    def _lookup(self, id: str) -> "Recipe | Weights":
        individual = self._individuals[id]
        found = self._cache.find(individual)
        return individual.recipe if found is None else found


def _individual(row: IndividualRow) -> Individual:
    return Individual(row.id, Recipe.from_json(row.recipe), row.weights_hash, row.generation, row.created)


def _refuse(individual: Individual, weights: Weights) -> None:
    raise InfrastructureError(
        f"{individual.id}, rebuilt from its recipe, has the hash {weights_hash(weights)}, but the run recorded {individual.weights_hash}: "
        "this machine or its libraries compute other bits. Continue the run on the machine where it began, or move it away and start it again here."
    )
