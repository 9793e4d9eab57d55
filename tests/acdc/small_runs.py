"""Small real runs, each in a process of its own, so that one can be killed in the middle."""

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

from acdc.config.config import Config
from acdc.processes.pool import HEAVY
from acdc.storage.layout import Layout

PARAMS = Path(__file__).parents[2] / "params.yaml"
SMALL = [
    "presets.tiny.generations=4",
    "presets.tiny.population=6",
    "presets.tiny.offspring=3",
    "presets.tiny.candidates_every=2",
    "presets.tiny.keep_weights=candidates",
    "presets.tiny.max_new_tokens=20",
    "presets.tiny.gibberish.outputs=2",  # findings that depend on which answers are shown
    "presets.tiny.gibberish.min_chars=6",
    "presets.tiny.gibberish.max_repetition=0.3",
    "presets.tiny.tasks.initial_target=8",
    "presets.tiny.tasks.initial_attempts=24",
    "presets.tiny.tasks.cap=8",
    "presets.tiny.tasks.adapt=4",
    "presets.tiny.tasks.interval=2",
]


class Countdown:
    """Kills its own process after the k-th commit; counts them all the same."""

    def __init__(self, kill_at: int | None) -> None:
        self.commits, self._kill_at = 0, kill_at

    def __call__(self) -> None:
        self.commits += 1
        if self.commits == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def _evolve(config: Config, root: Path, variant: str, seed: int, kill_at: int | None, channel: Any) -> None:
    from acdc.runs.run import evolve_run

    countdown = Countdown(kill_at)
    run = config.run_spec("tiny", variant, seed)
    evolve_run(config, Layout(root), run, report=lambda **_: None, on_commit=countdown)
    channel.put(countdown.commits)


def run(
    config: Config,
    root: Path,
    models: Path,
    kill_at: int | None = None,
    variant: str = "acdc",
    seed: int = 0,
) -> tuple[int | None, int | None]:
    """Evolve in a process of its own: its exit code and how many commits it made."""
    root.mkdir(exist_ok=True)
    if not (root / "models").exists():
        (root / "models").symlink_to(models)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*HEAVY, "acdc.runs.run", "acdc.coevolution"])
    channel = context.SimpleQueue()
    process = context.Process(target=_evolve, args=(config, root, variant, seed, kill_at, channel))
    process.start()
    process.join()
    return process.exitcode, None if channel.empty() else channel.get()
