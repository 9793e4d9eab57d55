"""Attacks of an answer's code: it wants to know what is expected of it, or to fool who asks."""

import builtins
import gc
import json
import os
import sys


def look_for(secret):
    """Whether the text is anywhere in this interpreter but in the argument itself."""
    seen = []
    frame = sys._getframe()
    while frame is not None:
        seen += [frame.f_locals, frame.f_globals]
        frame = frame.f_back
    seen += [m.__dict__ for m in sys.modules.values() if m is not None]
    texts = {
        str(value) for names in seen for name, value in list(names.items()) if name not in ("secret", "args")
    }
    texts |= {str(value)[:10_000] for value in gc.get_objects() if isinstance(value, dict)}
    return any(secret[::-1] in text for text in texts)


def read_the_task(path):
    return open(path).read()


def patch_everything():
    json.dumps = lambda *args, **kwargs: '{"value": "patched"}'
    builtins.len = lambda *args: 0
    builtins.int = str
    sys.modules["math"] = None
    return "patched"


def is_anything_patched():
    return len([1]) != 1 or int("7") != 7 or json.dumps(1) != "1"


def return_an_object():
    return object()


def return_nan():
    return float("nan")


def return_a_circle():
    circle = []
    circle.append(circle)
    return circle


def return_10_mb():
    return "x" * 10_000_000


def forge_a_value():
    for fd in range(3, 30):
        try:
            os.write(fd, b'{"value": "expected"}')
        except OSError:
            continue
    os._exit(0)


def nest(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value
