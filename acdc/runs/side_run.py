"""Answers that a finished run does not hold yet, in a store of their own below ``cache/``.

A choice of task forces asks every candidate every task. What the run knows is copied, the rest is answered now; a
process that was killed goes on from there. The store is thrown away once the choice is written.
"""

import functools
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from acdc.coevolution.examiner import Examiner, Subject
from acdc.config.config import Config
from acdc.config.evolution import EvolutionSettings
from acdc.families.family import Family
from acdc.runs.assembly import Report, executor_of
from acdc.runs.endpoints import Endpoints
from acdc.sandbox import Sandbox
from acdc.skills import SkillMatrix
from acdc.storage.lock import hold
from acdc.storage.store import RunStore
from acdc.taskforce.candidates import Candidate
from acdc.tasks.task_family import TaskFamily

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class SideRun:
    """The store beside a run, and what fills it.

    Attributes:
        config: Engine, executor, sandbox and judge of answers.
        settings: Of the run.
        family: Whose tokenizer and chat template the candidates use.
        directory: Of the store; made if it is missing.
        run: The finished run.
        report: Told of progress.
    """

    config: Config
    settings: EvolutionSettings
    family: Family
    directory: Path
    run: RunStore
    report: Report

    def matrix(
        self,
        found: Sequence[Candidate],
        tasks: Sequence[TaskFamily],
        weights: "Callable[[str], Mapping[str, Tensor]]",
    ) -> SkillMatrix:
        """Skills of all candidates on all these tasks; tasks that turn out to be at fault are left out.

        Args:
            found: Rows of the matrix.
            tasks: Columns of the matrix are their examples.
            weights: Weights of a candidate by its id.

        Raises:
            InfrastructureError: Another process holds the store, an engine or a judge is gone, or too many results are missing.
        """
        with (
            hold(self.directory),
            Sandbox.open(self.config.sandbox) as box,
            RunStore.create_or_resume(self.directory, "side") as store,
            Endpoints(self.config, self.settings, ("answers",)) as endpoints,
        ):
            endpoints.keep_in(self.directory)
            members = {candidate.id for candidate in found}
            if self.run.meta("run") is not None and not store.cells():
                store.put_cells([cell for cell in self.run.cells() if cell.individual in members])
            executor = executor_of(
                self.config, self.family, note=lambda kind, line, **_: self.report(line=line)
            )
            examiner = Examiner(executor, box, store, self.settings, endpoints.answer_judge())
            subjects = [Subject(c.id, c.weights_hash, functools.partial(weights, c.id)) for c in found]
            with closing(executor):
                for done, _ in enumerate(examiner.examine(subjects, tasks)):
                    self.report(done=done + 1, of=len(found))
            examiner.require_results(self.settings.max_missing)
            faulty = examiner.task_faults(tasks)
            return examiner.matrix([c.id for c in found], [task for task in tasks if task.id not in faulty])

    def remove(self) -> None:
        """Delete the store."""
        shutil.rmtree(self.directory, ignore_errors=True)
