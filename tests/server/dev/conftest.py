"""Folders for the servers' data."""

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def empty() -> Iterator[Path]:
    """Where data may be made; the stand-in accounts of root can enter too."""
    with tempfile.TemporaryDirectory(prefix="grantlog_test_") as name:
        Path(name).chmod(0o711)
        yield Path(name) / "data"


@pytest.fixture
def data(empty: Path, made_data: Path) -> Path:
    """Data that were made before: what most stories begin with."""
    subprocess.run(["cp", "-a", made_data, empty], check=True)
    return empty
