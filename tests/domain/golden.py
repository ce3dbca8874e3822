"""What was written once: `UPDATE_GOLDEN=1 pytest tests/domain` writes what is new.

A file that is there is never written again. Where a test disagrees with one, the
code has to change, or an upcaster is missing.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "golden"
_UPDATING = bool(os.environ.get("UPDATE_GOLDEN"))


def document(name: str, today: object) -> Any:
    """Return what the file holds, after writing it if it is new and that is asked."""
    path = FOLDER / name
    if _UPDATING and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(today, indent=1, ensure_ascii=False) + "\n")
    assert path.exists(), f"{path} is new: run with UPDATE_GOLDEN=1 and commit it"
    return json.loads(path.read_text())


def lines(name: str, today: Sequence[str]) -> list[str]:
    """Return the lines of the file, after adding those that are new if asked."""
    path = FOLDER / name
    written = path.read_text().splitlines() if path.exists() else []
    if _UPDATING:
        written += [line for line in today if line not in written]
        path.write_text("\n".join(written) + "\n")
    return written


def files(folder: str) -> list[Path]:
    return sorted((FOLDER / folder).glob("*.json"))
