"""The hub side, against a real server on loopback: the command as a process of its own, as a person runs it."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acdc.parsing.yaml import read_yaml, write_yaml
from tests.acdc.preflight.family.families import PARAMS
from tests.acdc.preflight.family.hub_server import HubServer

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ROOT = PARAMS.parent


@pytest.fixture
def acdc(hub: HubServer, tmp_path: Path) -> Run:
    """Runs the command in a folder whose params.yaml has the family "far", by ids."""
    data = read_yaml(PARAMS.read_text(encoding="utf-8"))
    seeds = {name: f"lab/{name}" for name in ("general", "code", "math")}
    data["families"] = {"far": {"preset": "paper", "base": "lab/base", "seeds": seeds, "big": "lab/big"}}
    data["selected"] = {"families": ["far"], "variants": ["acdc"], "seeds": [0]}
    project = tmp_path / "project"
    project.mkdir()
    (project / "params.yaml").write_text(write_yaml(data), encoding="utf-8")

    def run(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(tmp_path / "cache"),
            "PYTHONPATH": str(ROOT),
            **variables,
        }
        command = [sys.executable, "-c", "from acdc.cli import main; main()", *words]
        return subprocess.run(
            command, cwd=project, env=environment, capture_output=True, text=True, check=False
        )

    return run


def findings(done: "subprocess.CompletedProcess[str]", check: str) -> list[dict[str, Any]]:
    """Findings of one check in the JSON that was printed."""
    return [found for found in json.loads(done.stdout)["findings"] if found["check"] == check]


def test_a_family_on_the_hub_is_checked_without_its_weights(acdc: Run, hub: HubServer) -> None:
    done = acdc("families", "check", "far", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["errors"] == 0
    assert [part["commit"] for part in report["parts"]] == [
        hub.repositories[f"lab/{name}"].commit for name in ("base", "general", "code", "math", "big")
    ]
    assert "not pinned: base, general, code, math, big" in findings(done, "revisions")[0]["says"]
    assert "acdc families pin far" in findings(done, "revisions")[0]["says"]
    sizes = [
        len((hub.repositories[f"lab/{name}"].directory / "model.safetensors").read_bytes())
        for name in ("base", "general", "code", "math", "big")
    ]
    assert report["needs"]["download"] == sum(sizes)
    assert "acdc seeds" in findings(done, "distances")[0]["says"]
    weights = [(method, bytes_) for method, path, bytes_ in hub.requests if path.endswith(".safetensors")]
    assert all(bytes_ for method, bytes_ in weights if method == "GET")  # headers only, by ranges


def test_what_pin_prints_pins_the_family(acdc: Run, hub: HubServer, tmp_path: Path) -> None:
    printed = acdc("families", "pin", "far")
    assert printed.returncode == 0, printed.stderr
    revisions = read_yaml(printed.stdout)["families"]["far"]["revisions"]
    assert revisions["code"] == hub.repositories["lab/code"].commit
    overrides = [
        word
        for role, commit in revisions.items()
        for word in ("-S", f"families.far.revisions.{role}={commit}")
    ]
    done = acdc("families", "check", "far", "--json", *overrides)
    assert "pinned to a commit" in findings(done, "revisions")[0]["says"]


def test_a_gated_model_says_which_licence_and_that_the_token_is_missing(acdc: Run, hub: HubServer) -> None:
    hub.repositories["lab/base"].gated = True
    hub.repositories["lab/base"].tokens = ("hf_good",)
    done = acdc("families", "check", "far", "--json")
    assert done.returncode == 5
    (gated,) = findings(done, "gated")
    assert gated["part"] == "base"
    assert gated["says"] == (
        f"'lab/base' is gated: accept the licence at {hub.url}/lab/base, then set HF_TOKEN, which is missing."
    )
    assert "you have no access to 1 models" in done.stderr
    refused = acdc("families", "check", "far", "--json", HF_TOKEN="hf_other")
    assert "your HF_TOKEN has no access to it" in findings(refused, "gated")[0]["says"]
    assert refused.returncode == 5
    open_ = acdc("families", "check", "far", "--json", HF_TOKEN="hf_good")
    assert (open_.returncode, findings(open_, "gated")[0]["level"]) == (0, "ok")


def test_ids_and_revisions_that_do_not_exist_are_all_named(acdc: Run, hub: HubServer) -> None:
    del hub.repositories["lab/code"]
    done = acdc("families", "check", "far", "--json", "-S", f"families.far.revisions.math={'f' * 40}")
    assert done.returncode == 2, done.stderr
    said = {found["part"]: found["says"] for found in findings(done, "there")}
    assert said["code"].startswith(
        "The hub has no model 'lab/code': check the name; if it is private, set HF_TOKEN"
    )
    assert said["math"] == f"'lab/math' has no revision '{'f' * 40}'; correct `revisions`."


def test_weights_that_are_no_safetensors_say_what_to_do(acdc: Run, hub: HubServer) -> None:
    directory = hub.repositories["lab/code"].directory
    (directory / "model.safetensors").rename(directory / "pytorch_model.bin")
    done = acdc("families", "check", "far", "--json")
    assert done.returncode == 2
    assert "no safetensors" in findings(done, "there")[0]["says"]
    assert "acdc families convert" in findings(done, "there")[0]["says"]


def test_a_hub_that_cannot_be_reached_is_infrastructure(acdc: Run) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    done = acdc("families", "check", "far", HF_ENDPOINT=closed)
    assert done.returncode == 5
    assert "'lab/base' is no directory here and could not be downloaded" in done.stderr
    assert closed in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2  # one message, and the exit code
    assert "What is known without the hub: not pinned: base, general" in done.stderr
    assert "`acdc families pin far`" in done.stderr
    pins = [
        f"-Sfamilies.far.revisions.{role}={'a' * 40}" for role in ("base", "general", "code", "math", "big")
    ]
    pinned = acdc("families", "check", "far", *pins, HF_ENDPOINT=closed)
    assert "not pinned" not in pinned.stderr


def test_a_run_is_planned_from_the_hubs_headers_before_anything_is_downloaded(
    acdc: Run, home: Path, tmp_path: Path
) -> None:
    figures = ("--hardware", "mine", "--child-seconds", "36", "--tokens-per-second", "1000")
    done = acdc("evolve", "far", "acdc", "--dry-run", "--json", *figures)
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    weights = (home / "base" / "model.safetensors").stat().st_size
    assert plan["costs"]["model_gigabytes"] == pytest.approx(weights / 1e9)
    children = plan["per_run"]["individuals"] - 3  # which are the seeds
    assert plan["costs"]["breeding_hours"] == pytest.approx(children * 36 / 3600)
    assert plan["costs"]["answering_hours"] == pytest.approx(plan["per_run"]["tokens"] / 1000 / 3600)
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


def test_where_no_hub_answers_a_plan_says_so_and_gives_what_is_known(acdc: Run) -> None:
    done = acdc("evolve", "far", "acdc", "--dry-run", HF_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 0, done.stderr
    assert "answers (" in done.stdout
    assert "how large models are is not known yet: 'lab/base' is no directory here" in done.stdout
    assert "MB of weights" not in done.stdout


def test_seeds_downloads_the_family_and_records_its_commits(
    acdc: Run, hub: HubServer, tmp_path: Path
) -> None:
    done = acdc("seeds", "far")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "project" / "models" / "far" / "family.json").read_text(encoding="utf-8"))
    assert record["commits"]["math"] == hub.repositories["lab/math"].commit
    offline = acdc("families", "check", "far", HF_HUB_OFFLINE="1")
    assert offline.returncode == 0, offline.stderr
    assert re.search(r"distances: smallest / largest = 0\.\d+", offline.stdout)
    hub.repositories["lab/base"].gated = True
    refused = acdc(
        "seeds", "far", "-S", "families.far.revisions.base=main", HF_HOME=str(tmp_path / "elsewhere")
    )
    assert refused.returncode == 5
    assert "accept the licence" in refused.stderr
