#!/bin/sh
# Prints the Python that `make setup` shall run with: $PYTHON, else the one .venv has, else the first of python3,
# python3.13, python3.12, python3.11 that is 3.11 or newer and can make virtual environments (or uv helps it to).
# Where there is none, says in one line what installs it and exits with 5.

recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
makes_environments() { command -v uv >/dev/null 2>&1 || "$1" -c 'import ensurepip, venv' 2>/dev/null; }
fail() { printf '%s\n' "$@" >&2; exit 5; }

if [ -n "$PYTHON" ]; then
    recent "$PYTHON" || fail "PYTHON=$PYTHON does not run, or is older than 3.11: name another, or none."
    set -- "$PYTHON"
elif [ -x .venv/bin/python ] && recent .venv/bin/python; then
    echo .venv/bin/python
    exit 0
else
    set -- python3 python3.13 python3.12 python3.11
fi
incomplete=
for python; do
    recent "$python" || continue
    if makes_environments "$python"; then
        echo "$python"
        exit 0
    fi
    incomplete=${incomplete:-$python}
done

uv="curl -LsSf https://astral.sh/uv/install.sh | sh"
if [ -n "$incomplete" ]; then
    package=$("$incomplete" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    command -v apt-get >/dev/null 2>&1 &&
        fail "$incomplete cannot make virtual environments (no ensurepip). Install that, then run make again:" \
            "    sudo apt-get install -y $package" "or, without root, uv: $uv"
    fail "$incomplete cannot make virtual environments (no ensurepip). Install uv, then run make again:" "    $uv"
fi
if command -v uv >/dev/null 2>&1; then
    echo "No Python 3.11 or newer here: uv fetches one." >&2
    uv python install --quiet 3.12 >&2 && exec uv python find 3.12
    fail "uv could not fetch a Python. Install Python 3.11, 3.12 or 3.13 and run make again."
fi
fail "No Python 3.11 or newer was found. uv brings one, without root; then run make again in a new shell:" "    $uv"
