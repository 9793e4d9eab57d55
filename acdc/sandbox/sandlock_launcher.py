"""Starts the worker behind sandlock (Landlock ABI 6 or newer, seccomp, no root needed), and ends as it ends.

A process of its own, because sandlock supervises from threads of the process that calls it.
"""

import json
import sys


def main(order: str) -> int:
    """Runs a command behind sandlock with this process's own standard streams.

    Args:
        order: JSON with `command`, and `readable`, the only paths that can be seen.

    Returns:
        The command's exit code.
    """
    from sandlock import Sandbox

    wanted = json.loads(order)
    sandbox = Sandbox(
        fs_readable=wanted["readable"],
        fs_writable=["/dev/null"],
        clean_env=True,
        env={"PYTHONHASHSEED": "0"},
        no_coredump=True,
    )
    process = sandbox.popen(wanted["command"])
    return int(process.wait().exit_code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
