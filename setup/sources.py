"""Where packages come from: what pip is configured with, said in uv's words.

uv reads none of pip's configuration. Behind a mirror or with a folder of wheels it would resolve against other sources than
pip does, so pip's settings are handed over; an index that uv itself is configured with stays in force.
"""

import os
import re
import subprocess
from collections.abc import Iterable, Mapping

UV_INDEX_SETTINGS = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")
LEVELS = ("global", "install", ":env:")  # later ones override, as they do in pip


def pip_settings(python: str) -> dict[str, str]:
    """The settings that ``python -m pip`` is in force with; from ``PIP_*`` alone where there is no pip."""
    listed = subprocess.run(
        [python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        return parse_pip_config(listed.stdout.splitlines())
    return environment_settings(os.environ)


def parse_pip_config(lines: Iterable[str]) -> dict[str, str]:
    """Parse the lines ``level.key='value'`` of ``pip config list``."""
    found: dict[str, dict[str, str]] = {level: {} for level in LEVELS}
    for line in lines:
        match = re.fullmatch(r"(global|install|:env:)\.([a-z-]+)='(.*)'", line.strip(), flags=re.DOTALL)
        if match:
            level, key, value = match.groups()
            found[level][key] = value.replace("\\n", " ")
    return {key: value for level in LEVELS for key, value in found[level].items()}


def environment_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings that ``PIP_*`` variables make."""
    return {
        name.removeprefix("PIP_").lower().replace("_", "-"): value
        for name, value in environment.items()
        if name.startswith("PIP_") and value
    }


def uv_options(settings: Mapping[str, str], environment: Mapping[str, str]) -> list[str]:
    """The same sources as options of ``uv pip install``.

    pip takes the best version of all sources, uv by default the first source that knows the name: with more
    than one index uv is told to do as pip does.
    """
    options: list[str] = []
    own_index = any(environment.get(name) for name in UV_INDEX_SETTINGS)
    if settings.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        options += ["--no-index"]
    elif settings.get("index-url") and not own_index:
        options += ["--default-index", settings["index-url"]]
    for url in settings.get("extra-index-url", "").split():
        options += ["--index", url]
    if "--index" in options:
        options += ["--index-strategy", "unsafe-best-match"]
    for place in settings.get("find-links", "").split():
        options += ["--find-links", place]
    for host in settings.get("trusted-host", "").split():
        options += ["--allow-insecure-host", host]
    return options


def uv_environment(settings: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Variables that uv needs beside the options: the certificate pip trusts, and as much patience."""
    wanted = {}
    if settings.get("cert") and not environment.get("SSL_CERT_FILE"):
        wanted["SSL_CERT_FILE"] = settings["cert"]
    seconds = settings.get("timeout") or settings.get("default-timeout")
    if seconds and not environment.get("UV_HTTP_TIMEOUT"):
        wanted["UV_HTTP_TIMEOUT"] = seconds
    return wanted
