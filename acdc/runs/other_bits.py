"""A run that goes on where the last bits of weights differ: it may, as long as no answer differs.

Another processor adds in another order, so a child that is made again from its recipe may get another hash than the run recorded. On
the machine that made the run that is a fault. Elsewhere the child answers some of the tasks that the run holds its answers to, the
*canary set*; if every answer is the same, it stands for the recorded weights, and one line says so.
"""

import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from acdc.config.evolution import EvolutionSettings
from acdc.engines.engine import Engine, Request, Sampling
from acdc.errors import InfrastructureError
from acdc.population.individual import Individual
from acdc.storage.journal import events
from acdc.storage.store import Cell, RunStore
from acdc.tasks.task_family import TaskFamily
from acdc.weights.tensors import weights_hash

if TYPE_CHECKING:
    from torch import Tensor

CANARIES = 16  # answers that are compared, spread over the tasks


@functools.cache
def fingerprint() -> str:
    """What this machine computes, in 16 hexadecimal digits: equal bits of sums, products, decompositions and exponentials.

    Equal fingerprints do not prove equal bits of everything; different ones prove that bits differ.
    """
    import torch
    from scipy.linalg.blas import dsyrk

    digest = hashlib.blake2b(f"{torch.__version__} {np.__version__}".encode(), digest_size=8)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums that several threads share have other bits on the same machine
    steps = np.arange(96 * 260, dtype=np.float64)
    matrix = np.sin(steps * 0.7390851).reshape(96, 260)
    wide, single = torch.from_numpy(matrix), torch.from_numpy(matrix).float()
    parts = [
        single @ single.T,
        wide @ wide.T,
        torch.linalg.svd(wide, full_matrices=False)[2],
        single.softmax(dim=-1),
        torch.from_numpy(np.log(np.abs(matrix) + 1)),
        torch.from_numpy(dsyrk(1.0, matrix)),
    ]
    torch.set_num_threads(threads)
    for part in parts:
        digest.update(part.contiguous().numpy().tobytes())
    return digest.hexdigest()


class OtherBits:
    """Decides whether weights with another hash than the run recorded may stand for the recorded ones.

    Args:
        run: The run's store, open.
        open_engine: Opens an engine of the family; called at the first such weights.
        say: Receives one line for the user.
    """

    def __init__(
        self, run: RunStore, open_engine: Callable[[], Engine], say: Callable[[str], None] = lambda _: None
    ) -> None:
        self._run, self._open, self._say = run, open_engine, say
        self._said = False

    def __call__(self, individual: Individual, weights: "Mapping[str, Tensor]") -> None:
        """Take weights that were made again and have another hash.

        Raises:
            InfrastructureError: This machine made the run, or an answer of the canary set differs.
        """
        if made_here(self._run.directory) and not self._models_are_anothers():
            raise InfrastructureError(
                f"{individual.id} rebuilt from its recipe, has other weights than the run recorded, on the machine that made "
                "them: the store or a seed model is damaged. Move the run away and evolve again."
            )
        cells = canaries(self._run.cells(individual.id))
        differing = self._differing(cells, weights) if cells else 0
        if differing:
            raise InfrastructureError(
                f"{individual.id} made again from its recipe gives {differing} of {len(cells)} answers otherwise than the run "
                "recorded: this machine computes too differently. Finish the run where it began, or move it away and begin again here."
            )
        if not self._said:
            self._said = True
            compared = f"{len(cells)} of {len(cells)} answers that were compared are equal"
            self._say(
                f"{self._run.directory}: the last bits of {individual.id} differ from those of the machine that made it; "
                f"{compared if cells else 'it has no recorded answer that could differ'}, so the run goes on."
            )

    def _models_are_anothers(self) -> bool:
        """Whether the run takes its models from another run, which may have been made elsewhere."""
        settings = json.loads(self._run.meta("settings") or "{}")
        return isinstance(settings.get("models"), dict)

    def _differing(self, cells: list[Cell], weights: "Mapping[str, Tensor]") -> int:
        """How many of these answers the weights give otherwise."""
        settings = EvolutionSettings.model_validate(json.loads(self._run.meta("settings") or "{}"))
        tasks = {row.id: TaskFamily.from_json(json.loads(row.document)) for row in self._run.tasks()}
        asked = [
            next(one.instructions for one in tasks[cell.task].examples if one.task == cell.example)
            for cell in cells
        ]
        sampling = Sampling(max_new_tokens=settings.answer_tokens, logprobs=False)
        with closing(self._open()) as engine:
            engine.load(weights, weights_hash(weights))
            prompts = [Request(engine.chat(text, settings.system)) for text in asked]
            answers = engine.generate(prompts, sampling)
        return sum(answer.text != cell.reply for answer, cell in zip(answers, cells, strict=True))


def made_here(directory: Path) -> bool:
    """Whether every process that worked on a run computed the bits of this machine; False where the journal does not say."""
    begun = [event.detail.get("bits") for event in events(directory, "begin")]
    return bool(begun) and set(begun) == {fingerprint()}


def canaries(cells: list[Cell]) -> list[Cell]:
    """Up to `CANARIES` cells that hold an answer, evenly spread."""
    answered = [cell for cell in cells if cell.verdict != "missing" or cell.reply]
    step = max(1, len(answered) // CANARIES)
    return answered[::step][:CANARIES]
