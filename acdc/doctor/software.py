"""Python, packages, settings, DVC, git and endpoints."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from acdc.doctor.check import Check
from acdc.doctor.probes import installed_version, output_lines
from acdc.errors import AcdcError

EXTRAS = {
    "merge": ("mergekit", "merge methods of mergekit"),
    "gpu": ("vllm", "the engine for GPUs"),
    "embed": ("sentence-transformers", "embeddings by a trained model"),
    "ray": ("ray", "several GPUs or machines"),
}


def python(found: tuple[int, int, int]) -> Check:
    """The interpreter's version."""
    text = ".".join(map(str, found))
    if found < (3, 11, 0):
        return Check(
            "Python", "missing", text, "Install Python 3.11, 3.12 or 3.13; `make setup` finds it", needed=True
        )
    return Check("Python", "ok", text, needed=True)


def packages() -> Check:
    """The packages that every run needs beside torch."""
    found = {
        name: installed_version(name) for name in ("transformers", "lm-eval", "numpy", "scipy", "pydantic")
    }
    absent = [name for name, number in found.items() if number is None]
    if absent:
        return Check("packages", "missing", f"not installed: {', '.join(absent)}", "make setup", needed=True)
    return Check(
        "packages", "ok", ", ".join(f"{name} {number}" for name, number in found.items()), needed=True
    )


def settings(root: Path) -> Check:
    """Whether params.yaml is there and right."""
    from acdc.config.config import load

    file = root / "params.yaml"
    if not file.is_file():
        return Check(
            "settings", "missing", "no params.yaml here", "Run acdc in the project's root", needed=True
        )
    try:
        config = load(file, [])
    except AcdcError as error:
        return Check("settings", "missing", str(error), "Fix params.yaml", needed=True)
    detail = f"params.yaml: {', '.join(config.selected.families)} × {', '.join(config.selected.variants)}"
    return Check("settings", "ok", detail, needed=True)


def dvc(root: Path) -> Check:
    """DVC, and whether ``dvc repro`` can work in ``root``."""
    number = installed_version("dvc")
    if number is None:
        return Check("DVC", "missing", "not installed", "make setup", needed=True)
    if not (root / ".dvc" / "config").is_file():
        return Check(
            "DVC",
            "missing",
            f"{number}, but this is no DVC repository",
            "Run acdc in the project's root",
            needed=True,
        )
    local = root / ".dvc" / "config.local"
    told = local.is_file() and "no_scm = true" in local.read_text(encoding="utf-8")
    if not (root / ".git").exists() and not told:
        return Check(
            "DVC",
            "missing",
            f"{number}; there is no Git repository and DVC was not told",
            "make setup",
            needed=True,
        )
    kept = "without Git" if told else "with Git"
    return Check("DVC", "ok", f"{number}, {kept}", needed=True)


def git() -> Check:
    """The git command; runs note the commit they came from."""
    lines = output_lines(["git", "--version"])
    if not lines:
        return Check("git", "warn", "not found; the pipeline works without", "sudo apt-get install git")
    return Check("git", "ok", lines[0].removeprefix("git version "))


def endpoint(environment: Mapping[str, str]) -> Check:
    """Whether an OpenAI-compatible endpoint is configured; the key itself is never shown, and nothing is sent."""
    base = environment.get("OPENAI_BASE_URL", "")
    key = bool(environment.get("OPENAI_API_KEY"))
    fix = "For an LLM scientist or judge: export OPENAI_API_KEY=…, and OPENAI_BASE_URL=… for a server of your own"
    if not key and not base:
        return Check("endpoint", "missing", "none configured; the embedded family needs none", fix)
    if not key:
        return Check("endpoint", "warn", f"{base}, without a key", fix)
    return Check("endpoint", "ok", f"{base or 'the OpenAI API'}, with a key; not tried")


def extras() -> Iterator[Check]:
    """Optional packages."""
    for extra, (package, purpose) in EXTRAS.items():
        number = installed_version(package)
        if number is None:
            yield Check(package, "missing", f"optional: {purpose}", f"make setup EXTRAS={extra}")
        else:
            yield Check(package, "ok", f"{number}: {purpose}")
