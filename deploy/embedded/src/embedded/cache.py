"""Where downloaded parts are kept between runs, shared by every checkout of this user."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """The user's cache folder for Rollcall, made if it is missing."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "rollcall"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
