"""The SQL of the log lies in `sql/`, one statement a file, read once at import."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parents[2] / "sql"
"""Beside `server` in a checkout and in an installed wheel alike."""


def statement(name: str) -> str:
    """The text of `sql/<name>.sql`; raises FileNotFoundError."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
