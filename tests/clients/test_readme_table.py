"""The README's table of clients tells the versions that are locked."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(?P<library>[^`]+)` \| (?P<version>[0-9.]+) \|", re.MULTILINE)
TOLD = {
    row["library"]: row["version"]
    for row in ROW.finditer((ROOT / "README.md").read_text("utf-8"))
}


def locked(library: str) -> str:
    """The version that tests run, of npm or of PyPI."""
    lock = (ROOT / "tests/clients/package-lock.json").read_text("utf-8")
    laid = json.loads(lock)["packages"].get(f"node_modules/{library}")
    if laid is not None:
        return str(laid["version"])
    pinned = (ROOT / "requirements.lock").read_text("utf-8")
    found = re.search(rf"^{re.escape(library)}==(\S+)", pinned, re.MULTILINE)
    assert found, f"{library} is in no lock file"
    return found[1]


@pytest.mark.parametrize("library", TOLD)
def test_the_version_told_is_the_one_run(library: str) -> None:
    assert TOLD[library] == locked(library)


def test_every_library_has_its_stories() -> None:
    """`auth0-python` has test_auth0_python.py, and so on."""
    names = [library.rpartition("/")[2].replace("-", "_") for library in TOLD]

    assert names
    for name in names:
        assert (Path(__file__).parent / f"test_{name}.py").exists()
