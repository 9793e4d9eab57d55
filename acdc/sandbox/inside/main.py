"""Entry of the worker process: `python -s -P -S main.py`, with an empty environment but for a fixed hash seed.

The parent packages are stood in for by empty modules, so that their own imports (pydantic and more) stay out of the worker.
"""

import sys
from pathlib import Path
from types import ModuleType

_INSIDE = Path(__file__).resolve().parent
for _name in ("acdc", "acdc.sandbox", "acdc.sandbox.inside"):
    _stand_in = ModuleType(_name)
    # An outer layer may show this folder and none of its parents.
    _stand_in.__path__ = [str(_INSIDE)]
    sys.modules[_name] = _stand_in

from acdc.sandbox.inside.worker import main  # noqa: E402 - the stand-ins come first

main()
