"""The sandbox: which layers are in force, which could be and are not."""

from collections.abc import Iterator, Sequence

from acdc.doctor.check import Check


def sandbox() -> Iterator[Check]:
    """Opens the sandbox, probe included, and says which layers are in force and which are not."""
    from acdc.sandbox import Sandbox, SandboxUnavailable

    try:
        with Sandbox.open() as box:
            layers = box.layers
    except SandboxUnavailable as error:
        yield Check(
            "sandbox",
            "missing",
            str(error),
            "Do what the line above says: task code runs nowhere else",
            needed=True,
        )
        return
    yield Check("sandbox", "ok", f"passes its probe behind {', '.join(layers)}", needed=True)
    for name, fix in absent_layers(layers):
        yield Check("sandbox layer", "warn", f"{name} is not in force; the others hold without it", fix)


def absent_layers(layers: Sequence[str]) -> list[tuple[str, str]]:
    """Layers that could be in force and are not, each with what brings it."""
    absent = []
    kinds = {layer.split("-")[0] for layer in layers}
    outer = bool(kinds & {"sandlock", "bwrap"})
    if not outer:
        absent.append(("an outer layer", "Linux 6.12 for sandlock, or: sudo apt-get install bubblewrap"))
    if "landlock" not in kinds:
        absent.append(("Landlock", "Linux 5.13 or newer, with landlock in /sys/kernel/security/lsm"))
    if "seccomp" not in kinds:
        absent.append(
            ("seccomp", "A kernel with CONFIG_SECCOMP_FILTER=y; in Docker: --security-opt seccomp=unconfined")
        )
    if not outer and "namespaces" not in kinds:
        absent.append(("namespaces", "On Ubuntu: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"))
    return absent
