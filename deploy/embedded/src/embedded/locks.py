"""Locks between processes of one machine; the kernel releases them when the holder dies."""

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

CLAIM = "in-use"


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock on `path`; waits for it without limit."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Claim:
    """A folder used by one process at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Claim the folder; does nothing when it is ours already.

        Raises:
            RuntimeError: somebody else has it.
        """
        if self._file is None:
            file = (self._folder / CLAIM).open("w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                raise RuntimeError(f"{self._folder} is in use by another process") from None
            self._file = file

    def release(self) -> None:
        """Let others have the folder."""
        if self._file is not None:
            self._file.close()
            self._file = None


@contextlib.contextmanager
def emptied(folder: Path) -> Iterator[None]:
    """Claim the folder for as long as the block lasts, without what an earlier block left in it.

    Raises:
        RuntimeError: it holds what no earlier block can have left, or somebody else has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / CLAIM).exists():
        raise RuntimeError(f"{folder} is not empty and not of an earlier run; name another folder")
    claim = Claim(folder)
    claim.take()
    try:
        for each in folder.iterdir():
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            elif each.name != CLAIM:
                each.unlink()
        yield
    finally:
        claim.release()
