"""Whether a finished run is one of today's settings: asked by every stage that reads runs."""

from collections.abc import Iterable

from acdc.config.config import Config
from acdc.config.run_spec import RunSpec
from acdc.runs.replay import Replays
from acdc.runs.settings_hash import asked, check_made_of
from acdc.storage.layout import Layout
from acdc.storage.store import RunStore


def check_asked(store: RunStore, config: Config, run: RunSpec) -> None:
    """Refuse a finished run that other settings made.

    Args:
        store: The run's store.
        config: All settings.
        run: What the run should be today.

    Raises:
        InputError: Says in what they differ and what to run; or a run that this one replays is not what it was.
    """
    replayed = Replays(config, run, store.directory.parent).identities
    check_made_of(store, asked(config, run, replayed), run.key)


def require_current(config: Config, layout: Layout, runs: Iterable[RunSpec]) -> None:
    """Refuse runs that replay another which has changed since; runs that replay none are not looked at.

    A pipeline that does not know of the dependency would otherwise go on with what they were.

    Raises:
        InputError: Says what to run.
    """
    for run in runs:
        directory = layout.run(*run.key)
        if run.needed and (directory / "run.sqlite").is_file():
            with RunStore.read(directory) as store:
                check_asked(store, config, run)
