"""Every individual of a run: who was born of whom, and how to get its weights.

The store keeps recipes; weights are in memory while they are used, on disk where ``keep_weights`` says so, and are bred
again from the recipe otherwise. Whatever way they come, they have the hash that the store names.

Models of which two fit into the memory that is granted are made whole. Larger ones are written as they are bred, a directory of
shards each, and read from there tensor by tensor; what nobody keeps is deleted at the end of the generation.
"""

import json
import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from acdc.config.evolution import EvolutionSettings
from acdc.errors import InfrastructureError, InputError
from acdc.files import write_text
from acdc.parsing.validation import nearest
from acdc.population.individual import (
    DamagedWeightsError,
    Individual,
    Recipe,
    breed,
    child_recipe,
    read_weights,
    save_weights,
    seed_recipe,
    stream_rebuilt,
    weights_hash,
)
from acdc.storage.store import RunStore
from acdc.streams import stream
from acdc.variation.crossover import draw_weights
from acdc.weights.shards import Header, StoredWeights, headers, size_of, write_shards

if TYPE_CHECKING:
    from torch import Tensor

Weights = Mapping[str, "Tensor"]
IN_MEMORY = 1 << 30  # bytes of weights that are kept in memory; what is beyond is read or bred again


class Population:
    """The individuals of one run.

    Args:
        founders: Weights by name: "base", then the seeds in the family's order.
        store: The run's store; individuals that are in it exist already.
        directory: Where weights are kept, one safetensors file each.
        keep: Whose weights stay on disk: those of the archive, of all candidates too, or nobody's.
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
        self._in_memory, self._whole = in_memory, fits(size_of(founders["base"]), in_memory)
        self._sound: set[str] = set()  # shards whose hash was compared
        self._individuals: dict[str, Individual] = {}
        self._memory: OrderedDict[str, Weights] = OrderedDict()
        for born, id, generation, recipe, hash_, _ in store.individuals():
            self._individuals[id] = Individual(id, Recipe.from_json(recipe), hash_, generation, born)
        for name in founders:
            if (
                name in self._individuals
                and weights_hash(founders[name]) != self._individuals[name].weights_hash
            ):
                raise InputError(
                    f"{store.directory}: made from another seed model {name!r} than the family has now; evolve again"
                )

    def seeds(self) -> list[str]:
        """The seed models as individuals, in the family's order; recorded at the first call."""
        names = [name for name in self._founders if name != "base"]
        for name in names:
            if name not in self._individuals:
                self._record(name, seed_recipe(name), weights_hash(self._founders[name]), 0)
        return names

    def adopt(self, rows: Sequence[tuple[int, str, int, str, str]]) -> list[str]:
        """Individuals of another run of this family, with their recipes; those known already stay. Returns their ids.

        Args:
            rows: Born, id, generation, recipe, weights hash, parents before children.

        Raises:
            InputError: The other run was made from other seed models.
        """
        for born, id, generation, text, hash_ in rows:
            recipe = Recipe.from_json(text)
            if recipe.kind == "seed" and weights_hash(self._founders[str(recipe.name)]) != hash_:
                raise InputError(
                    f"{self._store.directory}: the run to be replayed was made from another seed model {recipe.name!r} than "
                    "the family has now; evolve that run again"
                )
            if id not in self._individuals:
                with self._store.transaction():
                    self._store.add_individual(born, id, generation, text, hash_)
                self._individuals[id] = Individual(id, recipe, hash_, generation, born)
        return [row[1] for row in rows]

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
            self._bear(id, recipe, generation)
        return children, redrawn

    def born(self, id: str) -> int:
        """Place in the order of creation."""
        return self._individuals[id].born

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
        if id in self._memory:
            self._memory.move_to_end(id)
            return self._memory[id]
        weights = self._from_disk(individual)
        if weights is None:
            weights = dict(self._made(individual.recipe))
            if weights_hash(weights) != individual.weights_hash:
                self._other_bits(individual, weights)
        self._remember(id, weights)
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
            raise InputError(f"{id} is a seed: its family has its weights, and nothing is rebuilt")
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
        marked = self._candidates(archive if candidate and self._keep == "candidates" else ())
        kept = set() if self._keep == "none" else {*archive, *marked}
        wanted = {id for id in kept if self._individuals[id].recipe.kind == "child"}
        for id in sorted(wanted):
            if not self._path(id).exists():
                self._write(self._individuals[id])
        for path in self._directory.iterdir():
            if path.is_dir() and path.name not in wanted:
                shutil.rmtree(path)
            elif path.suffix == ".safetensors" and path.stem not in wanted:
                path.unlink(missing_ok=True)

    def _candidates(self, new: Sequence[str]) -> set[str]:
        """Candidates so far, in a small file beside their weights."""
        path = self._directory / "candidates.json"
        known = set(json.loads(path.read_text())) if path.is_file() else set()
        if not set(new) <= known:
            known |= set(new)
            write_text(path, json.dumps(sorted(known)))
        return {id for id in known if id in self._individuals}

    def _bear(self, id: str, recipe: Recipe, generation: int) -> None:
        """Make a child's weights, in memory or on disk, and record it."""
        if self._whole:
            parents = [self.weights(parent) for parent in recipe.parents]
            weights = breed(recipe, self._founders["base"], parents, tied=self._tied)
            self._record(id, recipe, weights_hash(weights), generation)
            self._remember(id, weights)
        else:
            self._record(id, recipe, self._staged(id, recipe), generation)
            self._sound.add(id)

    def _staged(
        self, id: str, recipe: Recipe, accept: Callable[[str, Path], None] = lambda found, where: None
    ) -> str:
        """Write a child as it is made from whatever of its ancestors is at hand; its hash."""
        return write_shards(self._made(recipe), headers(self._founders["base"]), self._path(id), accept)

    def _made(self, recipe: Recipe) -> "Iterator[tuple[str, Tensor]]":
        return stream_rebuilt(recipe, self._lookup, lambda name: self._founders[name], tied=self._tied)

    def _write(self, individual: Individual) -> None:
        """Put weights that are to be kept on disk."""
        if self._whole:
            save_weights(self.weights(individual.id), self._path(individual.id))
        else:

            def accept(found: str, where: Path) -> None:
                if found != individual.weights_hash:
                    self._other_bits(individual, StoredWeights(where))

            self._staged(individual.id, individual.recipe, accept)
            self._sound.add(individual.id)

    def _record(self, id: str, recipe: Recipe, hash_: str, generation: int) -> None:
        individual = Individual(id, recipe, hash_, generation, len(self._individuals))
        with self._store.transaction():
            self._store.add_individual(individual.born, id, generation, recipe.to_json(), hash_)
        self._individuals[id] = individual

    def _remember(self, id: str, weights: Weights) -> None:
        if isinstance(weights, StoredWeights):
            return
        self._memory[id] = weights
        self._memory.move_to_end(id)
        while len(self._memory) > max(1, self._in_memory // max(size_of(weights), 1)):
            self._memory.popitem(last=False)

    def _lookup(self, id: str) -> "Recipe | Weights":
        if id in self._memory:
            return self._memory[id]
        individual = self._individuals[id]
        found = self._from_disk(individual)
        return individual.recipe if found is None else found

    def _from_disk(self, individual: Individual) -> Weights | None:
        """Weights that were kept, if they are there and are the right ones; a damaged file is as good as none."""
        id, layouts = individual.id, (f"{individual.id}.safetensors", individual.id)
        path = next((self._directory / name for name in layouts if (self._directory / name).exists()), None)
        if path is None:
            return None
        try:
            weights: Weights = StoredWeights(path) if path.is_dir() else read_weights(path)
            sound = id in self._sound or weights_hash(weights) == individual.weights_hash
        except DamagedWeightsError:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            return None
        if sound and path.is_dir():
            self._sound.add(id)
        return weights if sound else None

    def _path(self, id: str) -> Path:
        return self._directory / (f"{id}.safetensors" if self._whole else id)


def fits(model_bytes: int, in_memory: int) -> bool:
    """Whether models of this size are handled whole: two of them have room in the memory that is granted."""
    return 2 * model_bytes <= in_memory


def _refuse(individual: Individual, weights: Weights) -> None:
    raise InfrastructureError(
        f"{individual.id} made again from its recipe has the hash {weights_hash(weights)}, the run says {individual.weights_hash}: "
        "this machine or its libraries compute other bits. Finish the run where it began, or move it away and begin again here."
    )
