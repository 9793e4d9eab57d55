"""Exit codes and messages of the command line, as a shell sees them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acdc.cli import app as cli

PROJECT = Path(__file__).parents[3]
ACDC = Path(sys.executable).with_name("acdc")


def acdc(*arguments: str, cwd: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(ACDC), *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def with_a_bar(*, report: object = None) -> None:
    from tqdm.auto import tqdm

    list(tqdm(range(3)))


def test_help_lists_the_commands_of_all_floors() -> None:
    text = acdc("--help").stdout
    for command in (
        "seeds",
        "evolve",
        "taskforce",
        "status",
        "doctor",
        "evaluate",
        "compare",
        "report",
        "audit-paper",
    ):
        assert command in text


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from acdc.cli import build; build(); print(sorted({'torch', 'transformers', 'lm_eval', 'scipy', 'pandas', 'numpy'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evolve", "tinny", "acdc"], ["tinny", "did you mean 'tiny'"]),
        (["evolve", "tiny", "no_dnss"], ["no_dnss", "did you mean 'no_dns'"]),
        (
            ["evolve", "tiny", "acdc", "-S", "evolution.generatons=3"],
            ["evolution.generatons", "'generations'"],
        ),
        (["evolve", "tiny", "acdc", "--params", "nowhere.yaml"], ["nowhere.yaml"]),
        (["families", "-S", "selected.families=[]"], ["selected.families"]),
        (["taskforce"], ["--models"]),
        (["taskforce", "--models", "nowhere", "neither"], ["nowhere"]),
        (["nonsense"], ["nonsense"]),
        (["status", "nowhere"], ["no run there"]),
    ],
)
def test_bad_input_ends_with_2_and_says_what_is_wrong(arguments: list[str], words: list[str]) -> None:
    result = acdc(*arguments)
    assert result.returncode == 2, result.stderr
    for word in words:
        assert word in result.stderr
    assert "Traceback" not in result.stderr


def test_bad_input_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text((PROJECT / "params.yaml").read_text())
    for variant in ("acdc", "nothing"):
        assert acdc("evolve", "tiny", variant, cwd=tmp_path).returncode == 2  # no models, or no such variant
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


def test_dry_run_writes_nothing_and_prints_the_plan_as_json(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text((PROJECT / "params.yaml").read_text())
    result = acdc("evolve", "tiny", "acdc", "--dry-run", "--json", cwd=tmp_path)
    plan = json.loads(result.stdout)
    assert plan["per_run"]["generations"] > 0
    assert plan["per_run"]["answers"] > 0
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]


def test_a_bug_is_named_as_ours_with_its_trace_in_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise ValueError("impossible")

    monkeypatch.setattr(cli, "build", broken)
    assert cli.run([]) == 1
    message = capsys.readouterr().err
    trace = Path(message.split("The trace is in ")[1].split(";")[0])
    assert "impossible" in trace.read_text()
    trace.unlink()


def test_a_full_disk_ends_with_5(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli, "build", full)
    assert cli.run([]) == 5
    assert "Free some space" in capsys.readouterr().err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_says_how_to_go_on(number: int, code: int, tmp_path: Path, brief_models: Path) -> None:
    (tmp_path / "params.yaml").write_text((PROJECT / "params.yaml").read_text())
    (tmp_path / "models").symlink_to(brief_models)
    process = subprocess.Popen(
        [str(ACDC), "evolve", "tiny", "acdc", "--seed", "0"],
        cwd=tmp_path,
        env={**os.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    store = tmp_path / "runs/tiny/acdc/seed-0/live.sqlite"
    deadline = time.monotonic() + 120
    while not store.exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.2)
    process.send_signal(number)
    _, message = process.communicate(timeout=60)
    assert process.returncode == code, message
    assert "goes on where this one stopped" in message
    assert store.exists()


@pytest.mark.parametrize(
    "run", ["with_a_bar()", "run_all([Work('w', with_a_bar, ())], workers=1, on_event=print, preload=())"]
)
def test_no_librarys_progress_bar_is_in_what_a_command_or_its_worker_says(run: str) -> None:
    code = f"import acdc.cli; from acdc.processes.pool import Work, run_all; from {__name__} import with_a_bar; {run}"
    environment = {name: value for name, value in os.environ.items() if name != "TQDM_DISABLE"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=PROJECT, capture_output=True, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_the_summary_knows_how_long_a_stage_took_with_all_its_attempts(tmp_path: Path) -> None:
    from acdc.storage.journal import Journal, stage_seconds

    journal = Journal(tmp_path)
    for command, seconds, code in (
        ("evolve a b", 5, 130),
        ("seeds a", 2, 0),
        ("evolve a b", 7, 0),
        ("seeds a", 1, 5),
    ):
        journal.note("stage", command=command, seconds=seconds, code=code)
    journal.close()
    assert stage_seconds(tmp_path) == {"seeds a": 2.0, "evolve a b": 12.0}
