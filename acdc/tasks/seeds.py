"""Seed tasks from files: a folder with one task family per file and an ``index.json`` that describes them.

Those of the project are of the paper's four kinds, and our own: a question on a data structure, a short Python function, a
legal case, a word problem. A folder of one's own works the same way.
"""

import json
from pathlib import Path

from acdc.errors import InputError
from acdc.tasks.scientist import Draft

OURS = Path(__file__).parent / "seed_tasks"
_FORM = "What such a folder holds is seen in acdc/tasks/seed_tasks"


def seed_drafts(folder: Path = OURS) -> list[Draft]:
    """The seed tasks of a folder, in the order of its index.

    Args:
        folder: Holds ``index.json``, a list of objects with file, name, description, capability, difficulty (1 to 5),
            is_code and solution (a reply that ``score`` gives 1 on the first example), and the files.

    Raises:
        InputError: The index or a file is missing or is not of this form.
    """
    index = folder / "index.json"
    try:
        entries = json.loads(index.read_text("utf-8"))
        if not isinstance(entries, list) or not entries:
            raise ValueError("it must be a list with an entry for each task")
        return [
            Draft(
                source=(folder / entry["file"]).read_text("utf-8"),
                name=entry["name"],
                description=entry["description"],
                capability=entry["capability"],
                difficulty=int(entry["difficulty"]),
                example_instruction="",  # the sandbox asks the source for it
                is_code=bool(entry["is_code"]),
                solution=entry["solution"],
            )
            for entry in entries
        ]
    except OSError as error:
        raise InputError(f"The seed tasks of {folder}: {error.filename}: {error.strerror}. {_FORM}") from None
    except KeyError as error:
        raise InputError(f"The seed tasks of {folder}: an entry of {index} lacks {error}. {_FORM}") from None
    except (ValueError, TypeError) as error:
        raise InputError(f"The seed tasks of {folder}: {index} cannot be read: {error}. {_FORM}") from None
