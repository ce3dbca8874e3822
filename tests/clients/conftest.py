"""Clients as their makers publish them, and a server that was really started."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser.conftest import chromium, page
from tests.conftest import copy, fastest_folder, reachable_folder

__all__ = ["chromium", "page"]

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"


@pytest.fixture(scope="session")
def packages() -> Path:
    """The libraries of npm; without them the test fails in CI and is skipped else."""
    if not PACKAGES.is_dir():
        missing = "the clients of npm are not there: make test installs them"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return PACKAGES


@pytest.fixture(scope="session")
async def data(made_data: Path) -> AsyncIterator[Path]:
    """A folder with the log's schema in it, for the server to begin on."""
    with reachable_folder(fastest_folder()) as folder:
        await copy(made_data, folder / "data")
        yield folder / "data"
