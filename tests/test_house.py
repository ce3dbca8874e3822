"""The repository as a house: what the wheel carries, and how large a room may be."""

import ast
import re
import statistics
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("domain", "projections", "server")
LONGEST_FILE = 300
LONGEST_FUNCTION = 40
MEDIAN_FUNCTION = 6


def modules() -> Iterator[Path]:
    for room in ROOMS:
        yield from (ROOT / room).rglob("*.py")


def test_the_wheel_carries_all_it_needs(tmp_path: Path) -> None:
    """Statements, pages, Lua and demo data are inside; tests are not."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )

    [wheel] = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    needed = {
        str(path.relative_to(ROOT))
        for pattern in ("sql/*.sql", "templates/**/*.*", "**/*.lua", "server/**/*.toml")
        for path in ROOT.glob(pattern)
        if ".venv" not in path.parts and ".grantlog" not in path.parts
    } | {str(path.relative_to(ROOT)) for path in modules()}
    assert {"sql/append.sql", "templates/base.html", "server/dev/demo.toml"} <= needed
    assert needed - inside == set()
    assert not any(name.startswith("tests/") for name in inside)


def test_what_is_imported_is_declared() -> None:
    """No import stands on what only tests, or another library, bring along."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["embedded"]]
    names = {name for one in declared for name in _distributions(one)}
    brings = packages_distributions()
    known = {*ROOMS, *sys.stdlib_module_names, "_typeshed"}  # the last is mypy's

    foreign = {name for name in _imported() if name not in known}
    assert "aiohttp" in foreign
    assert {
        name
        for name in foreign
        if names.isdisjoint(_normal(one) for one in brings.get(name, ()))
    } == set()


def _distributions(requirement: str) -> Iterator[str]:
    """Yield what it asks for, an extra's name among it: `redis[hiredis]` is both."""
    wanted = re.split(r"[<>=;]", requirement)[0]
    yield from map(_normal, re.findall(r"[\w-]+", wanted))


def _normal(distribution: str) -> str:
    return distribution.lower().replace("_", "-")


def _imported() -> Iterator[str]:
    """Yield the top of each module that the server imports, wherever it does."""
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield (node.module or "").partition(".")[0]


def test_no_file_is_long() -> None:
    """Where a file grows past the bound, a concept is missing."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in modules()
    }

    assert {name: n for name, n in lengths.items() if n > LONGEST_FILE} == {}


def test_functions_are_small() -> None:
    """Most of them a handful of lines, none beyond the bound."""
    sizes = dict(_functions())

    assert {name: n for name, n in sizes.items() if n > LONGEST_FUNCTION} == {}
    assert statistics.median(sizes.values()) <= MEDIAN_FUNCTION


def _functions() -> Iterator[tuple[str, int]]:
    """Yield each function with the lines of its body, its docstring left out."""
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.name}", _length(node)


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) else node.body
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1
