"""Entry of the worker process: `python -s -P -S main.py`, with an empty environment but for a fixed hash seed.

The parent packages are stood in for by empty modules, so that their own imports (pydantic and more) stay out of the worker.
"""

import sys
from pathlib import Path
from types import ModuleType

_PACKAGE = Path(__file__).resolve().parents[2]
for _name, _path in (("acdc", _PACKAGE), ("acdc.sandbox", _PACKAGE / "sandbox")):
    _stand_in = ModuleType(_name)
    _stand_in.__path__ = [str(_path)]
    sys.modules[_name] = _stand_in

from acdc.sandbox.inside.worker import main  # noqa: E402 - the stand-ins come first

main()
