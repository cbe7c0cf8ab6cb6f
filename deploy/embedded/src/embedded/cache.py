"""Where downloaded parts are kept between runs, shared by every checkout of this user."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder() -> Path:
    """The user's cache folder for Rollcall, made if it is missing."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "rollcall"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold an advisory lock on `path` among processes; waits without limit, released on death."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
